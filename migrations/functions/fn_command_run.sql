-- Runs one registered command for a job and records it. The function is
-- SECURITY DEFINER and owned by its own role (fn_command_error), so it runs
-- with that role's rights. The caller bounds it by statement_timeout.
--
-- Errors: a command's own become LS002, with its SQLSTATE in DETAIL, its name
-- in HINT and its arguments in COLUMN, for the audit; a cancelled statement
-- stays query_canceled, with the same fields.
create or replace function lessee.fn_command_run(p_job lessee.job_queue, p_span_id text, p_trace_id text, p_name text, p_args jsonb)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_command dot_function_registry;
  v_started timestamptz := clock_timestamp();
  v_result jsonb;
  v_error text;
  v_context text;
begin
  select * into v_command from dot_function_registry f where f.name = p_name and f.enabled;
  if not found then
    perform lessee.fn_fail('not_registered', format('command %s is not registered, or disabled', p_name));
  end if;
  v_error := lessee.fn_command_error(v_command.function, v_command.role);
  if v_error is not null then
    perform lessee.fn_fail('not_registered', format('command %s is not what was registered: %s', p_name, v_error));
  end if;
  begin
    execute format('select %s($1)', v_command.function::oid::regproc) into v_result using p_args;
  exception when others or query_canceled or assert_failure then
    get stacked diagnostics v_error = returned_sqlstate, v_context = pg_exception_context;
    -- A command that raises query_canceled itself has failed; nobody cancelled anything.
    if v_error = '57014' and v_context !~ '^[^\n]+ at RAISE' then
      raise query_canceled using message = sqlerrm, hint = p_name, column = p_args::text;
    end if;
    raise exception 'command %: %', p_name, sqlerrm
      using errcode = 'LS002', detail = v_error, hint = p_name, column = p_args::text;
  end;
  insert into dot_iu_command_run (job_id, fence, command, role, args, succeeded, result, started_at, ended_at, trace_id, span_id)
  values (p_job.id, p_job.fence, p_name, v_command.role, p_args, true, v_result, v_started, clock_timestamp(), p_trace_id, p_span_id);
  return v_result;
end
$$;
comment on function lessee.fn_command_run(lessee.job_queue, text, text, text, jsonb) is 'runs and records one command';
