-- Keeps the record of a command that failed, after its effects were undone.
create or replace function lessee.fn_command_failed(p_job lessee.job_queue, p_span_id text, p_name text, p_args jsonb, p_error jsonb, p_started timestamptz)
returns void
language sql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
  insert into lessee.dot_iu_command_run (job_id, fence, command, role, args, succeeded, error, started_at, ended_at, trace_id, span_id)
  select p_job.id, p_job.fence, f.name, f.role, p_args, false, p_error, p_started, clock_timestamp(), p.trace_id, p_span_id
  from lessee.dot_function_registry f
  join lessee.job_payload p on p.job_id = p_job.id and p.enqueued_at = p_job.enqueued_at
  where f.name = p_name;
$$;
comment on function lessee.fn_command_failed(lessee.job_queue, text, text, jsonb, jsonb, timestamptz) is 'keeps the record of a failed command';
