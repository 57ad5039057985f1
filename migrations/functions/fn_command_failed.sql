-- Keeps the record of a command that failed, after its effects were undone.
create or replace function lessee.fn_command_failed(p_job lessee.job_queue, p_class lessee.executor_class_registry, p_outcome lessee.job_outcome,
                                                    p_name text, p_error jsonb, p_started timestamptz)
returns void
language sql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
  insert into lessee.dot_iu_command_run (job_id, fence, command, role, args, succeeded, error, started_at, ended_at, trace_id, span_id)
  select p_job.id, p_job.fence, f.name, f.role,
         coalesce(case when f.name = p_class.command then p.payload end,
                  (select c.args from jsonb_to_recordset(p_outcome.commands) as c(name text, args jsonb) where c.name = f.name limit 1), '{}'),
         false, p_error, p_started, clock_timestamp(), p.trace_id, p_outcome.span_id
  from lessee.dot_function_registry f
  join lessee.job_payload p on p.job_id = p_job.id
  where f.name = p_name;
$$;
comment on function lessee.fn_command_failed(lessee.job_queue, lessee.executor_class_registry, lessee.job_outcome, text, jsonb, timestamptz) is 'keeps the record of a failed command';
