package postgres

import (
	"context"
	"time"
)

// PartitionRecord is a partition of what has ended. The default one, for rows
// of days that have none, has no days.
type PartitionRecord struct {
	Table    string     `json:"table"`
	Name     string     `json:"name"`
	Since    *time.Time `json:"since"` // null: from the beginning, or the default
	Until    *time.Time `json:"until"`
	Rows     int64      `json:"rows" db:"row_estimate"`
	Bytes    int64      `json:"bytes"`
	GoesAt   *time.Time `json:"goes_at"`
	NeededBy *string    `json:"needed_by"` // keeps it although its retention is over
}

// Default reports whether p takes the rows of days without a partition.
func (p PartitionRecord) Default() bool { return p.Until == nil }

// Partitions lists them, by table and day.
func (d *Desk) Partitions(ctx context.Context) ([]PartitionRecord, error) {
	return list[PartitionRecord](ctx, d, `
		select parent as "table", name, nullif(since, '-infinity') as since, until, row_estimate, bytes, goes_at, needed_by
		from lessee.fn_history_partitions()`)
}

// HistoryNeeds is what a doctor asks about the partitions.
type HistoryNeeds struct {
	Missing []string // of today and tomorrow
	Stray   []string // default partitions that hold rows
}

// HistoryNeeds looks for partitions that are missing, and rows that are in none.
func (d *Desk) HistoryNeeds(ctx context.Context) (needs HistoryNeeds, err error) {
	err = d.queryRow(ctx, `
		select array(select t || to_char(d, '_YYYYMMDD')
		             from unnest($1::text[]) t, generate_series((clock_timestamp() at time zone 'UTC')::date::timestamp, (clock_timestamp() at time zone 'UTC')::date + 1, interval '1 day') d
		             where not exists (select from lessee.fn_history_partitions() p
		                               where p.parent = t and p.since <= d at time zone 'UTC' and p.until > d at time zone 'UTC')),
		       array(select 'job_history_other' where exists (select from lessee.job_history_other)
		             union all select 'job_payload_other' where exists (select from lessee.job_payload_other)
		             union all select 'dot_iu_command_run_other' where exists (select from lessee.dot_iu_command_run_other))`,
		[]any{historyTables()}, &needs.Missing, &needs.Stray)
	return needs, err
}

// PartitionUser says who uses a partition, its parent or the default one, and
// goes on to for a quarter of a second; empty: nobody.
func (d *Desk) PartitionUser(ctx context.Context, p PartitionRecord) (who string, err error) {
	err = d.queryRow(ctx, "select coalesce(lessee.fn_table_await($1), '')", []any{[]string{p.Table, p.Table + "_other", p.Name}}, &who)
	return who, err
}
