-- Trigger of executor_class_registry: refuses a row that can't work, with the
-- sentence that mends it, and sets the status of one that changed to pending.
create or replace function lessee.fn_class_check()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_error text;
begin
  v_error := coalesce(
    lessee.fn_limits_error(new.limits),
    lessee.fn_retry_policy_error(new.retry_policy),
    lessee.fn_grants_error(new.grants),
    'payload_schema: ' || lessee.fn_json_schema_check(new.payload_schema),
    'result_schema: '  || lessee.fn_json_schema_check(new.result_schema),
    case
      when new.owner = '' or new.reason = '' then 'a class needs an owner and a reason'
      when not new.enabled then null
      when new.runtime in ('go_plugin', 'human') then format('runtime %s is not in this version; use wasm or command', new.runtime)
      when new.runtime = 'wasm' and new.module_sha256 is null then 'an enabled wasm class needs a module; register it with lessee module add, then set module_sha256'
      when new.runtime = 'command' and new.command is null then 'an enabled command class needs a command; register it in dot_function_registry, then set command'
      when new.runtime = 'command' and not exists (select from dot_function_registry f where f.name = new.command and f.enabled)
        then format('command %s is disabled in dot_function_registry; enable it first', new.command)
      when new.runtime = 'wasm' and (select m.abi from executor_module_registry m where m.sha256 = new.module_sha256) not in ('core', 'command')
        then 'the module is not WASM; point the class at a module of abi core or command'
    end);
  if v_error is not null then
    raise exception 'class %: %', new.class, v_error using errcode = 'check_violation';
  end if;
  if tg_op = 'UPDATE' and new.class <> old.class then
    raise exception 'class %: a class keeps its name, because jobs refer to it; register a new one', old.class using errcode = 'check_violation';
  end if;
  new.status := 'pending';
  new.status_reason := '';
  new.status_host := '';
  new.status_at := clock_timestamp();
  new.updated_at := clock_timestamp();
  new.updated_by := session_user;
  return new;
end
$$;
comment on function lessee.fn_class_check() is 'refuses a class row that can''t work';
create or replace trigger class_check before insert or
  update of class, runtime, module_sha256, command, enabled, limits, retry_policy, grants, config, payload_schema, result_schema, owner, reason
  on lessee.executor_class_registry for each row execute function lessee.fn_class_check();
