-- Runs one registered command for a job and records it. The function is
-- SECURITY DEFINER and owned by its own role (fn_command_check), so it runs
-- with that role's rights. The caller bounds it by statement_timeout.
create or replace function lessee.fn_command_run(p_job lessee.job_queue, p_span_id text, p_trace_id text, p_name text, p_args jsonb)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_command dot_function_registry;
  v_started timestamptz := clock_timestamp();
  v_result jsonb;
begin
  select * into v_command from dot_function_registry f where f.name = p_name and f.enabled;
  if not found then
    perform lessee.fn_fail('not_registered', format('command %s is not registered, or disabled', p_name));
  end if;
  begin
    execute format('select %s($1)', v_command.function::oid::regproc) into v_result using p_args;
  exception when others then
    -- Told apart from Lessee's own failures by the code; the name is for the audit.
    raise exception 'command %: %', p_name, sqlerrm
      using errcode = 'LS002', detail = sqlstate, hint = p_name;
  end;
  insert into dot_iu_command_run (job_id, fence, command, role, args, succeeded, result, started_at, ended_at, trace_id, span_id)
  values (p_job.id, p_job.fence, p_name, v_command.role, p_args, true, v_result, v_started, clock_timestamp(), p_trace_id, p_span_id);
  return v_result;
end
$$;
comment on function lessee.fn_command_run(lessee.job_queue, text, text, text, jsonb) is 'runs and records one command';
