-- Trigger of executor_class_registry: refuses a row that can't work, with the
-- sentence that mends it, stamps who changed it, and sets the status to pending
-- when what hosts run has changed. When an enabled class is pointed at another
-- module, the one that serves goes on to until hosts are ready for the new one.
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
    lessee.fn_process_error(new.process),
    'payload_schema: ' || lessee.fn_json_schema_check(new.payload_schema),
    'result_schema: '  || lessee.fn_json_schema_check(new.result_schema),
    case
      when new.owner = '' or new.reason = '' then 'a class needs an owner and a reason'
      when not new.enabled then null
      when new.runtime = 'human' then format('runtime %s is not in this version; use wasm, go_plugin or command', new.runtime)
      when new.runtime in ('wasm', 'go_plugin') and new.module_sha256 is null then format('an enabled %s class needs a module; register it with lessee module add, then set module_sha256', new.runtime)
      when new.runtime = 'command' and new.command is null then 'an enabled command class needs a command; register it in dot_function_registry, then set command'
      when new.runtime = 'command' and not exists (select from dot_function_registry f where f.name = new.command and f.enabled)
        then format('command %s is disabled in dot_function_registry; enable it first', new.command)
      when new.runtime = 'wasm' and (select m.abi from executor_module_registry m where m.sha256 = new.module_sha256) not in ('core', 'command')
        then 'the module is not WASM; point the class at a module of abi core or command'
      when new.runtime = 'go_plugin' and (select m.abi from executor_module_registry m where m.sha256 = new.module_sha256) <> 'grpc'
        then 'the module is not native; point the class at a module of abi grpc, or set runtime wasm'
      when new.runtime = 'go_plugin' and new.candidate_sha256 is not null and (select m.abi from executor_module_registry m where m.sha256 = new.candidate_sha256) <> 'grpc'
        then 'the candidate is not native; try a module of abi grpc'
      when new.runtime = 'wasm' and new.candidate_sha256 is not null and (select m.abi from executor_module_registry m where m.sha256 = new.candidate_sha256) not in ('core', 'command')
        then 'the candidate is not WASM; try a module of abi core or command'
      else coalesce(lessee.fn_manifest_error(new.module_sha256, new.grants, new.config), lessee.fn_manifest_error(new.candidate_sha256, new.grants, new.config))
    end);
  if v_error is not null then
    raise exception 'class %: %', new.class, v_error using errcode = 'check_violation';
  end if;
  if tg_op = 'UPDATE' and new.class <> old.class then
    raise exception 'class %: a class keeps its name, because jobs refer to it; register a new one', old.class using errcode = 'check_violation';
  end if;
  new.limits := lessee.fn_class_numbers(new.limits);
  new.retry_policy := lessee.fn_class_numbers(new.retry_policy);
  if tg_op = 'UPDATE' and new.module_sha256 is distinct from old.module_sha256 then
    new.previous_sha256 := coalesce(nullif(old.serving_sha256, new.module_sha256), old.module_sha256);
    new.serving_sha256 := case when old.enabled and new.enabled and new.runtime = old.runtime
                               then nullif(coalesce(old.serving_sha256, old.module_sha256), new.module_sha256) end;
    if new.candidate_sha256 = new.module_sha256 then -- its trial is over
      new.candidate_sha256 := null;
      new.canary_percent := 0;
    end if;
  end if;
  if not new.enabled or new.module_sha256 is null then
    new.serving_sha256 := null;
  end if;
  if tg_op = 'INSERT' or new.candidate_sha256 is distinct from old.candidate_sha256 then
    new.candidate_since := case when new.candidate_sha256 is not null then clock_timestamp() end;
  end if;
  if tg_op = 'INSERT' or
     (new.runtime, new.module_sha256, new.isolation, new.process, new.containment, new.command, new.enabled, new.limits, new.retry_policy, new.grants, new.config, new.payload_schema, new.result_schema) is distinct from
     (old.runtime, old.module_sha256, old.isolation, old.process, old.containment, old.command, old.enabled, old.limits, old.retry_policy, old.grants, old.config, old.payload_schema, old.result_schema) then
    new.status := 'pending';
    new.status_reason := '';
    new.status_host := '';
    new.status_at := clock_timestamp();
  end if;
  new.updated_at := clock_timestamp();
  new.updated_by := session_user;
  return new;
end
$$;
comment on function lessee.fn_class_check() is 'refuses a class row that can''t work';
create or replace trigger class_check before insert or
  update of class, runtime, module_sha256, candidate_sha256, canary_percent, isolation, process, containment, command, enabled, limits, retry_policy, grants, config, payload_schema, result_schema,
            concurrency_per_host, priority, requires_approval, idempotency_retention, expires_after, owner, reason, exit_path
  on lessee.executor_class_registry for each row execute function lessee.fn_class_check();
