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
set plan_cache_mode = force_generic_plan
as $$
declare
  v_id bigint;
  v_awake boolean;
  v_xact xid8 := pg_current_xact_id(); -- then the clock, as fn_queue_now says
  v_now timestamptz := clock_timestamp();
begin
  -- One statement, because each line of PL/pgSQL is prepared anew in every
  -- transaction. It takes what fn_job_insert would have nothing to say about.
  with job as materialized (
    select nextval('lessee.job_queue_id_seq') as id, c.priority, c.expires_after,
           case when c.requires_approval then 'proposed' when p_run_at > v_now then 'scheduled' else 'ready' end as state,
           coalesce(c.retry_policy ->> 'max_attempts', lessee.fn_default_retry_policy() ->> 'max_attempts')::integer as max_attempts,
           coalesce(substr(p_traceparent, 4, 32), replace(gen_random_uuid()::text, '-', '')) as trace_id -- a v4 UUID has fixed bits in both halves, so neither is all zero
    from executor_class_registry c
    left join executor_module_registry m on m.sha256 = coalesce(c.serving_sha256, c.module_sha256)
    where c.class = p_class and p_key is null and c.payload_schema is null and (m.manifest #> '{schemas,payload}') is null
      and octet_length(p_payload::text) <= coalesce(c.limits ->> 'input_bytes', lessee.fn_default_limits() ->> 'input_bytes')::bigint
      and (p_priority is null or p_priority between 0 and 1000) and (p_run_at is null or isfinite(p_run_at))
      and (p_traceparent is null or p_traceparent ~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$')
      and (p_tracestate is null or octet_length(p_tracestate) <= 512 and p_tracestate !~ '[^ -~]')
      and (p_correlation_id is null or octet_length(p_correlation_id) <= 256)
  ), queued as (
    insert into job_queue (id, class, state, priority, run_at, max_attempts, enqueued_at, expires_at)
    overriding system value
    select j.id, p_class, j.state, coalesce(p_priority, j.priority), greatest(p_run_at, v_now), j.max_attempts, v_now, greatest(p_run_at, v_now) + j.expires_after
    from job j
  ), kept as (
    insert into job_payload (job_id, enqueued_at, payload, enqueued_by, trace_id, parent_span_id, sampled, tracestate, correlation_id)
    select j.id, v_now, p_payload, session_user, j.trace_id, coalesce(substr(p_traceparent, 37, 16), substr(j.trace_id, 17)),
           p_traceparent is null or get_bit(decode(substr(p_traceparent, 54, 2), 'hex'), 0) = 1, p_tracestate, p_correlation_id
    from job j
  ), counted as (
    insert into job_count_delta (class, word, to_state, jobs) select p_class, 'enqueue', j.state, 1 from job j
  )
  select j.id, pg_sequence_last_value('lessee.wake_moment') between extract(epoch from v_now) * 1000000 and extract(epoch from v_now) * 1000000 + 5000
  into v_id, v_awake
  from job j;
  if v_id is null then
    select i.job_id into v_id
    from lessee.fn_job_insert(p_class, p_payload, p_key, p_run_at, p_priority, p_traceparent, p_tracestate, p_correlation_id, null) i;
  end if;
  if v_awake is not true then
    perform lessee.fn_wake();
  end if;
  return v_id;
end
$$;
comment on function lessee.fn_job_enqueue(text, jsonb, text, timestamptz, integer, text, text, text) is 'accepts a job in the caller''s transaction; returns its id';
grant execute on function lessee.fn_job_enqueue(text, jsonb, text, timestamptz, integer, text, text, text) to lessee_producer, lessee_operator;
