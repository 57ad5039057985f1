package bench

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// hold opens a REPEATABLE READ transaction and takes its snapshot. Until it is
// released nothing can be cleaned that dies meanwhile, in any table.
func (s *site) hold(ctx context.Context) (release func(context.Context) error, err error) {
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("hold a snapshot: %w", err)
	}
	if _, err := tx.Exec(ctx, "select count(*) from lessee.registry_version"); err != nil {
		return nil, fmt.Errorf("hold a snapshot: %w", err)
	}
	return tx.Rollback, nil
}

// dead is how many entries of the queue wait to be cleaned.
func (s *site) dead(ctx context.Context) (n int64, err error) {
	err = s.pool.QueryRow(ctx, "select pg_stat_get_dead_tuples('lessee.job_queue'::regclass)").Scan(&n)
	return n, err
}

// autovacuum switches it on or off for the tables of the database.
func (s *site) autovacuum(ctx context.Context, on bool) error {
	_, err := s.pool.Exec(ctx, fmt.Sprintf(`do $do$ declare v_table regclass; begin
		for v_table in select c.oid from pg_class c where c.relnamespace = 'lessee'::regnamespace and c.relkind = 'r' loop
			execute format('alter table %%s set (autovacuum_enabled = %t)', v_table);
		end loop;
	end $do$`, on))
	return err
}
