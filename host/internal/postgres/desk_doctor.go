package postgres

import (
	"context"
	"encoding/json"
	"time"
)

// Vitals are single facts about a database that a doctor asks for.
type Vitals struct {
	ServerVersion string
	Login         string
	Superuser     bool
	SeesAll       bool     // may see other logins' transactions
	MissingRoles  []string // of the five that Lessee needs
	LacksRoles    []string // of those a person needs, that the login has not
	Phase         string
	Notify        bool
	PollMS        int64 `db:"poll_ms"`
	Now           time.Time
}

// Vitals reads them.
func (d *Desk) Vitals(ctx context.Context) (Vitals, error) {
	return one[Vitals](ctx, d, &Error{Message: "the login is not in pg_roles"}, `
		select current_setting('server_version') as server_version, session_user::text as login, r.rolsuper as superuser,
		       r.rolsuper or pg_has_role(session_user, 'pg_read_all_stats', 'usage') as sees_all,
		       array(select w from unnest(array['lessee_owner', 'lessee_host', 'lessee_producer', 'lessee_operator', 'lessee_reader']) w
		             where not exists (select from pg_roles o where o.rolname = w)) as missing_roles,
		       array(select w from unnest(array['lessee_operator', 'lessee_reader']) w
		             where exists (select from pg_roles o where o.rolname = w) and not pg_has_role(session_user, w, 'usage')) as lacks_roles,
		       lessee.fn_setting('queue.runtime.phase') #>> '{}' as phase,
		       lessee.fn_setting('queue.notify.enabled') = 'true' as notify,
		       lessee.fn_setting('queue.poll_ms')::bigint as poll_ms,
		       clock_timestamp() as now
		from pg_roles r where r.rolname = session_user`)
}

// HostRecord is a live lease and what its host last reported.
type HostRecord struct {
	LeaseID       int64
	Host          string
	Version       string
	InFlight      int
	Classes       json.RawMessage // class -> job.Readiness
	SinceGrant    float64         // seconds
	SinceRenewal  float64         // seconds
	UntilExpiry   float64         // seconds
	LeaseTTLInSec float64         `db:"ttl"`
}

// Hosts lists the live hosts.
func (d *Desk) Hosts(ctx context.Context) ([]HostRecord, error) {
	return list[HostRecord](ctx, d, `
		select l.lease_id, l.host, l.version, h.in_flight, h.classes,
		       extract(epoch from clock_timestamp() - l.granted_at)::float8 as since_grant,
		       extract(epoch from clock_timestamp() - l.renewed_at)::float8 as since_renewal,
		       extract(epoch from l.expires_at - clock_timestamp())::float8 as until_expiry,
		       lessee.fn_setting('lease.ttl_ms')::float8 / 1000 as ttl
		from lessee.dot_iu_runtime_lease l join lessee.queue_heartbeat h using (lease_id)
		where l.ended_at is null and l.expires_at > clock_timestamp()
		order by l.lease_id`)
}

// OldTransaction keeps Postgres from cleaning what came after it.
type OldTransaction struct {
	Who   string
	Since float64 // seconds
}

// OldTransactions lists those that are open for longer than that, prepared ones too.
func (d *Desk) OldTransactions(ctx context.Context, longer time.Duration) ([]OldTransaction, error) {
	return list[OldTransaction](ctx, d, `
		select format('pid %s, login %s, application %s, %s', pid, usename, quote_literal(application_name), state) as who,
		       extract(epoch from clock_timestamp() - xact_start)::float8 as since
		from pg_stat_activity
		where pid <> pg_backend_pid() and xact_start < clock_timestamp() - $1::interval
		  and (datname = current_database() or backend_xmin is not null)
		union all
		select format('prepared transaction %s of %s', quote_literal(gid), owner), extract(epoch from clock_timestamp() - prepared)::float8
		from pg_prepared_xacts
		where prepared < clock_timestamp() - $1::interval
		order by since desc limit 20`, longer)
}

// InvalidIndexes lists the indexes of the schema that Postgres does not use.
func (d *Desk) InvalidIndexes(ctx context.Context) (names []string, err error) {
	err = d.queryRow(ctx, `
		select coalesce(array_agg(i.indexrelid::regclass::text order by 1), '{}')
		from pg_index i join pg_class c on c.oid = i.indrelid
		where c.relnamespace = 'lessee'::regnamespace and not (i.indisvalid and i.indisready)`, nil, &names)
	return names, err
}
