-- +goose Up

-- When hosts were last told that something is ready, in microseconds; see fn_wake.
create sequence lessee.wake_moment minvalue 0 start 0;

-- Live jobs churn: many versions of few rows. Cleaning has to follow the
-- changes, not a share of the rows.
alter table lessee.job_queue set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- +goose Down
alter table lessee.job_queue reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay);
drop sequence lessee.wake_moment;
