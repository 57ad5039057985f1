-- +goose Up

-- How a class of runtime go_plugin runs its processes, and how much of the
-- containment a host must have. fn_process_error says what is wrong with a process.
alter table lessee.executor_class_registry
  add column process     jsonb not null default '{}',
  add column containment text  not null default 'best' check (containment in ('best', 'required', 'off'));

-- +goose Down
alter table lessee.executor_class_registry drop column process, drop column containment;
