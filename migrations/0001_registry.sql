-- +goose Up

-- Nothing is open by default: a function is callable by those it is granted to.
alter default privileges for role lessee_owner revoke execute on functions from public;

-- Which body of each function is in place: the digest of its file.
create table lessee.schema_function (
  name       text primary key,
  digest     text not null,
  applied_at timestamptz not null default now()
);

-- One row, one number: it grows with every change of the registry, so that a
-- host learns by reading one bigint whether its snapshot is still true.
create table lessee.registry_version (
  singleton boolean primary key default true check (singleton),
  version   bigint  not null
);
insert into lessee.registry_version (version) values (1);

-- Settings of the whole installation. Rows, so that they change without a restart.
create table lessee.runtime_setting (
  name        text primary key,
  value       jsonb not null,
  description text not null,
  updated_at  timestamptz not null default now(),
  updated_by  text not null default session_user,

  constraint notify_is_boolean  check (name <> 'queue.notify.enabled' or jsonb_typeof(value) = 'boolean'),
  constraint phase_is_known     check (name <> 'queue.runtime.phase' or value in ('"running"', '"draining"', '"stopped"')),
  constraint ttl_is_sane        check (name <> 'lease.ttl_ms' or (jsonb_typeof(value) = 'number' and value::numeric between 1000 and 600000)),
  constraint idle_poll_is_sane  check (name <> 'queue.poll_ms' or (jsonb_typeof(value) = 'number' and value::numeric between 50 and 60000))
);
insert into lessee.runtime_setting (name, value, description) values
  ('queue.notify.enabled', 'true',      'wake hosts by NOTIFY; false: hosts poll only'),
  ('queue.runtime.phase',  '"running"', 'running; draining: nothing is claimed, what runs ends; stopped: nothing is claimed, what runs is interrupted and given back'),
  ('queue.poll_ms',        '1000',      'how often an idle host looks for work when no NOTIFY comes'),
  ('lease.ttl_ms',         '9000',      'how long a lease holds without renewal; hosts renew three times in it');

-- Modules: what executors are made of. Named by digest, and the database
-- itself checks the digest of the bytes that it keeps.
create table lessee.executor_module_registry (
  sha256    text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  name      text not null check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  version   text not null check (version ~ '^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$'),
  abi       text not null check (abi in ('core', 'command', 'grpc')),
  bytes     bytea,
  location  text,
  size      bigint not null check (size > 0),
  added_by  text not null default session_user,
  added_at  timestamptz not null default now(),
  reason    text not null default '',
  exit_path text not null default '',

  -- What hosts found when they admitted it; fn_module_report writes it.
  status        text not null default 'pending' check (status in ('pending', 'admitted', 'refused')),
  status_reason text not null default '',
  status_host   text not null default '',
  status_at     timestamptz not null default now(),
  stages        jsonb not null default '[]', -- [{stage, state, reason, took_ms}], in order
  manifest      jsonb,                       -- what the module says of itself; null: nothing, or not read yet

  constraint name_version_is_immutable unique (name, version),
  constraint bytes_or_location         check ((bytes is null) <> (location is null)),
  constraint bytes_match_digest        check (bytes is null or sha256 = encode(sha256(bytes), 'hex')),
  constraint bytes_match_size          check (bytes is null or size = octet_length(bytes))
);
alter table lessee.executor_module_registry alter column bytes set storage external; -- read whole, compresses badly

-- Commands: Postgres functions that may run in a commit. Each runs under its
-- own role because it is SECURITY DEFINER and owned by that role; the trigger
-- fn_command_check holds that.
create table lessee.dot_function_registry (
  name       text primary key check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  function   regprocedure not null,
  role       text not null,
  enabled    boolean not null default true,
  owner      text not null,
  reason     text not null,
  exit_path  text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  updated_by text not null default session_user
);

-- Classes: what kind of work, which runtime, which module, which rights and limits.
-- The trigger fn_class_check says what is wrong with a row, in a sentence.
create table lessee.executor_class_registry (
  class                 text primary key check (class ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  runtime               text not null check (runtime in ('wasm', 'go_plugin', 'command', 'human')),
  module_sha256         text references lessee.executor_module_registry (sha256),
  serving_sha256        text references lessee.executor_module_registry (sha256), -- runs the jobs until every host is ready for module_sha256; null: that one does
  previous_sha256       text references lessee.executor_module_registry (sha256), -- ran them before; where class rollback goes
  candidate_sha256      text references lessee.executor_module_registry (sha256), -- runs a share of them, on trial
  canary_percent        smallint not null default 0 check (canary_percent between 0 and 100),
  candidate_since       timestamptz,
  isolation             text not null default 'job' check (isolation in ('job', 'reuse')),
  command               text references lessee.dot_function_registry (name),
  enabled               boolean not null default false,
  limits                jsonb not null default '{}',
  retry_policy          jsonb not null default '{}',
  grants                jsonb not null default '{}',
  config                jsonb not null default '{}',
  payload_schema        jsonb,
  result_schema         jsonb,
  concurrency_per_host  integer not null default 4 check (concurrency_per_host between 1 and 10000),
  priority              smallint not null default 100 check (priority between 0 and 1000),
  requires_approval     boolean not null default false,
  idempotency_retention interval not null default '1 day' check (idempotency_retention between '0' and '10 years'),
  expires_after         interval check (expires_after > '0'),
  owner                 text not null,
  reason                text not null,
  exit_path             text not null default '',
  status                text not null default 'pending' check (status in ('pending', 'active', 'broken')),
  status_reason         text not null default '',
  status_host           text not null default '',
  status_at             timestamptz not null default now(),
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now(),
  updated_by            text not null default session_user,

  constraint canary_needs_a_candidate check (canary_percent = 0 or candidate_sha256 is not null),
  constraint wasm_takes_a_module     check (runtime not in ('wasm', 'go_plugin') or command is null),
  constraint command_takes_a_command check (runtime <> 'command' or module_sha256 is null)
);

grant select on all tables in schema lessee to lessee_operator, lessee_reader;
grant update (value, updated_at, updated_by) on lessee.runtime_setting to lessee_operator;
grant insert (sha256, name, version, abi, bytes, location, size, reason, exit_path) on lessee.executor_module_registry to lessee_operator;
grant insert, update on lessee.dot_function_registry, lessee.executor_class_registry to lessee_operator;

-- +goose Down
drop table lessee.executor_class_registry;
drop table lessee.dot_function_registry;
drop table lessee.executor_module_registry;
drop table lessee.runtime_setting;
drop table lessee.registry_version;
drop table lessee.schema_function;
alter default privileges for role lessee_owner grant execute on functions to public;
