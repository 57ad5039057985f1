-- Trigger of every registry table: a new registry_version, and word to the
-- hosts. Reports of hosts about a class (its status columns) are not news; that
-- a module was admitted or refused is, because nobody else has to do it now.
create or replace function lessee.fn_registry_touch()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  update registry_version set version = version + 1;
  if lessee.fn_setting('queue.notify.enabled') = 'true' then
    perform pg_notify('lessee_registry', '');
  end if;
  return null;
end
$$;
comment on function lessee.fn_registry_touch() is 'tells hosts that the registry changed';
create or replace trigger registry_touch after insert or delete or
  update of class, runtime, module_sha256, serving_sha256, candidate_sha256, canary_percent, isolation, process, containment, command, enabled, limits, retry_policy, grants, config, payload_schema, result_schema,
            concurrency_per_host, priority
  on lessee.executor_class_registry for each statement execute function lessee.fn_registry_touch();
create or replace trigger registry_touch after insert or update of status
  on lessee.executor_module_registry for each statement execute function lessee.fn_registry_touch();
create or replace trigger registry_touch after insert or update or delete
  on lessee.dot_function_registry for each statement execute function lessee.fn_registry_touch();
create or replace trigger registry_touch after update
  on lessee.runtime_setting for each statement execute function lessee.fn_registry_touch();
create or replace trigger registry_touch after insert or update or delete
  on lessee.signing_key_registry for each statement execute function lessee.fn_registry_touch();
create or replace trigger registry_touch after insert or delete
  on lessee.module_signature for each statement execute function lessee.fn_registry_touch();
create or replace trigger registry_touch after insert or update or delete
  on lessee.secret_binding for each statement execute function lessee.fn_registry_touch();
