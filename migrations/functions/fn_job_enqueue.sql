-- Accepts one job, in the caller's transaction, and returns its id. With an
-- idempotency key: while the first job with (class, key) lives, and for the
-- class's idempotency_retention after it ended, returns that job's id.
--
-- Errors (SQLSTATE): unknown class (LS404), payload over the class's limit
-- (LS413) or against its schema (LS422), malformed trace context or argument (22023).
create or replace function lessee.fn_job_enqueue(
  p_class          text,
  p_payload        jsonb       default '{}',
  p_key            text        default null,
  p_run_at         timestamptz default null,
  p_priority       integer     default null,
  p_traceparent    text        default null,
  p_tracestate     text        default null,
  p_correlation_id text        default null)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_id bigint;
begin
  select i.job_id into v_id
  from lessee.fn_job_insert(p_class, p_payload, p_key, p_run_at, p_priority, p_traceparent, p_tracestate, p_correlation_id, null) i;
  perform lessee.fn_wake();
  return v_id;
end
$$;
comment on function lessee.fn_job_enqueue(text, jsonb, text, timestamptz, integer, text, text, text) is 'accepts a job in the caller''s transaction; returns its id';
grant execute on function lessee.fn_job_enqueue(text, jsonb, text, timestamptz, integer, text, text, text) to lessee_producer, lessee_operator;
