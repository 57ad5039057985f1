-- Accepts many jobs, all or none, in the caller's transaction. p_jobs is an
-- array of {class, payload, key, run_at, priority, traceparent, tracestate,
-- correlation_id}; only class is needed. Returns a row per element, in order:
-- its id, and whether it is new or an earlier job with the same key.
-- Errors are those of fn_job_enqueue, with the element's index before them.
create or replace function lessee.fn_job_enqueue_bulk(p_jobs jsonb)
returns table (ordinal integer, job_id bigint, created boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_job record;
begin
  if jsonb_typeof(p_jobs) is distinct from 'array' then
    raise exception 'p_jobs must be a JSON array of jobs' using errcode = 'invalid_parameter_value';
  end if;
  for v_job in
    select e.ordinality::integer - 1 as ordinal, r.*
    from jsonb_array_elements(p_jobs) with ordinality e,
         jsonb_to_record(e.value) as r(class text, payload jsonb, key text, run_at timestamptz, priority integer,
                                       traceparent text, tracestate text, correlation_id text)
  loop
    ordinal := v_job.ordinal;
    begin
      select i.job_id, i.created into job_id, created
      from lessee.fn_job_insert(v_job.class, coalesce(v_job.payload, '{}'), v_job.key, v_job.run_at, v_job.priority,
                                v_job.traceparent, v_job.tracestate, v_job.correlation_id, null) i;
    exception when sqlstate 'LS404' or sqlstate 'LS413' or sqlstate 'LS422' or invalid_parameter_value then
      raise exception 'jobs[%]: %', v_job.ordinal, sqlerrm using errcode = sqlstate;
    end;
    return next;
  end loop;
end
$$;
comment on function lessee.fn_job_enqueue_bulk(jsonb) is 'accepts many jobs in the caller''s transaction';
grant execute on function lessee.fn_job_enqueue_bulk(jsonb) to lessee_producer, lessee_operator;
