-- +goose Up

-- History by day: partitions that fn_history_maintain makes ahead and drops
-- when their retention is over.
alter table lessee.runtime_setting
  add constraint history_retention_is_sane check (name <> 'history.retention_days' or (jsonb_typeof(value) = 'number' and value::numeric between 1 and 3650 and value::numeric % 1 = 0)),
  add constraint history_ahead_is_sane     check (name <> 'history.partitions_ahead' or (jsonb_typeof(value) = 'number' and value::numeric between 1 and 60 and value::numeric % 1 = 0));
insert into lessee.runtime_setting (name, value, description) values
  ('history.retention_days',   '30', 'how many days what has ended is kept: histories of jobs, payloads, command runs, leases, replayed dead letters'),
  ('history.partitions_ahead', '3',  'for how many days to come there are partitions; so long may no host run');

create index job_dead_letter_replayed on lessee.job_dead_letter (replayed_at) where replayed_at is not null;

alter table lessee.dot_iu_command_run rename to dot_iu_command_run_old;
alter table lessee.dot_iu_command_run_old rename constraint dot_iu_command_run_pkey to dot_iu_command_run_old_pkey;
alter sequence lessee.dot_iu_command_run_run_id_seq rename to dot_iu_command_run_old_seq;
alter index lessee.dot_iu_command_run_job rename to dot_iu_command_run_old_job;
create table lessee.dot_iu_command_run (
  run_id     bigint generated always as identity,
  job_id     bigint not null,
  fence      integer not null,
  command    text not null,
  role       text not null,
  args       jsonb not null,
  succeeded  boolean not null,
  result     jsonb,
  error      jsonb,
  started_at timestamptz not null,
  ended_at   timestamptz not null,
  trace_id   text not null,
  span_id    text not null,

  constraint dot_iu_command_run_pkey primary key (run_id, ended_at),
  constraint failed_has_an_error check (succeeded = (error is null))
) partition by range (ended_at);
create index dot_iu_command_run_job on lessee.dot_iu_command_run (job_id);
create table lessee.dot_iu_command_run_other partition of lessee.dot_iu_command_run default;
insert into lessee.dot_iu_command_run overriding system value select * from lessee.dot_iu_command_run_old;
select pg_catalog.setval('lessee.dot_iu_command_run_run_id_seq', coalesce(max(run_id), 0) + 1, false) from lessee.dot_iu_command_run_old;
drop table lessee.dot_iu_command_run_old;

-- What the default partitions hold becomes a partition of its own, until the
-- end of this day: as long as a default holds rows, every new partition costs a
-- look through it.
-- +goose StatementBegin
do $$
declare
  v_table text;
  v_key text;
  v_last timestamptz;
begin
  for v_table, v_key in values ('job_history', 'ended_at'), ('job_payload', 'enqueued_at'), ('dot_iu_command_run', 'ended_at') loop
    execute format('select max(%I) from lessee.%I', v_key, v_table || '_other') into v_last;
    continue when v_last is null;
    execute format('alter table lessee.%I detach partition lessee.%I', v_table, v_table || '_other');
    execute format('alter table lessee.%I rename to %I', v_table || '_other', v_table || '_before');
    execute format('alter table lessee.%I attach partition lessee.%I for values from (minvalue) to (%L)', v_table, v_table || '_before',
                   date_trunc('day', greatest(v_last, clock_timestamp()), 'UTC') + interval '24 hours');
    execute format('create table lessee.%I partition of lessee.%I default', v_table || '_other', v_table);
  end loop;
end
$$;
-- +goose StatementEnd

grant select on all tables in schema lessee to lessee_operator, lessee_reader;

-- +goose Down
-- +goose StatementBegin
do $$
declare
  v_table text;
  v_partition text;
begin
  for v_table, v_partition in
    select t.relname, p.relname
    from pg_inherits i join pg_class t on t.oid = i.inhparent join pg_class p on p.oid = i.inhrelid
    where t.oid = any (array['lessee.job_history', 'lessee.job_payload', 'lessee.dot_iu_command_run']::regclass[]) and p.relname <> t.relname || '_other'
  loop
    execute format('alter table lessee.%I detach partition lessee.%I', v_table, v_partition);
    execute format('insert into lessee.%I overriding system value select * from lessee.%I', v_table || '_other', v_partition);
    execute format('drop table lessee.%I', v_partition);
  end loop;
end
$$;
-- +goose StatementEnd
alter table lessee.dot_iu_command_run rename to dot_iu_command_run_new;
alter table lessee.dot_iu_command_run_new rename constraint dot_iu_command_run_pkey to dot_iu_command_run_new_pkey;
alter sequence lessee.dot_iu_command_run_run_id_seq rename to dot_iu_command_run_new_seq;
alter index lessee.dot_iu_command_run_job rename to dot_iu_command_run_new_job;
create table lessee.dot_iu_command_run (
  run_id     bigint generated always as identity primary key,
  job_id     bigint not null,
  fence      integer not null,
  command    text not null,
  role       text not null,
  args       jsonb not null,
  succeeded  boolean not null,
  result     jsonb,
  error      jsonb,
  started_at timestamptz not null,
  ended_at   timestamptz not null,
  trace_id   text not null,
  span_id    text not null,

  constraint failed_has_an_error check (succeeded = (error is null))
);
create index dot_iu_command_run_job on lessee.dot_iu_command_run (job_id);
insert into lessee.dot_iu_command_run overriding system value select * from lessee.dot_iu_command_run_new;
select pg_catalog.setval('lessee.dot_iu_command_run_run_id_seq', coalesce(max(run_id), 0) + 1, false) from lessee.dot_iu_command_run_new;
drop table lessee.dot_iu_command_run_new;
drop index lessee.job_dead_letter_replayed;
delete from lessee.runtime_setting where name in ('history.retention_days', 'history.partitions_ahead');
alter table lessee.runtime_setting drop constraint history_retention_is_sane, drop constraint history_ahead_is_sane;
grant select on all tables in schema lessee to lessee_operator, lessee_reader;
