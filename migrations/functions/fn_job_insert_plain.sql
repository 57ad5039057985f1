-- The short way of fn_job_enqueue_bulk: one statement inserts all jobs of
-- p_jobs that need no closer look. ids has an element for each; null: not
-- inserted, fn_job_insert has to look. What it has to look at is a mistake, a
-- class whose payloads have a schema, a payload over the limit, and a key that
-- was used before.
create or replace function lessee.fn_job_insert_plain(p_jobs jsonb, out ids bigint[])
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_now timestamptz := lessee.fn_queue_now();
  v_entropy text := gen_random_uuid()::text;
begin
  with class as materialized (
    select c.class, c.priority, c.requires_approval, c.expires_after,
           ((lessee.fn_default_limits() || c.limits) ->> 'input_bytes')::bigint as input_bytes,
           ((lessee.fn_default_retry_policy() || c.retry_policy) ->> 'max_attempts')::integer as max_attempts
    from executor_class_registry c
    left join executor_module_registry m on m.sha256 = coalesce(c.serving_sha256, c.module_sha256)
    where c.payload_schema is null and (m.manifest #> '{schemas,payload}') is null
  ), element as materialized (
    select e.ordinality as place, e.value as job, c.*,
           e.value ->> 'key' as key, e.value ->> 'priority' as rank, e.value ->> 'run_at' as due, e.value ->> 'correlation_id' as correlation_id,
           e.value ->> 'tracestate' as tracestate, e.value ->> 'traceparent' as parent
    from jsonb_array_elements(p_jobs) with ordinality e
    join class c on c.class = case jsonb_typeof(e.value) when 'object' then e.value ->> 'class' end
  ), plain as materialized (
    select e.*, encode(sha256(convert_to(v_entropy || e.place, 'UTF8')), 'hex') as random
    from element e
    where octet_length(coalesce(e.job -> 'payload', '{}')::text) <= e.input_bytes
      and e.job - array['class', 'payload', 'key', 'run_at', 'priority', 'traceparent', 'tracestate', 'correlation_id'] = '{}'
      and (e.key is null or octet_length(e.key) between 1 and 512)
      and (e.rank is null or e.rank ~ '^(1000|[0-9]{1,3})$')
      and (e.due is null or e.due ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)$')
      and (e.parent is null or e.parent ~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$')
      and (e.tracestate is null or octet_length(e.tracestate) <= 512 and e.tracestate !~ '[^ -~]')
      and (e.correlation_id is null or octet_length(e.correlation_id) <= 256)
  ), numbered as materialized (
    select nextval('lessee.job_queue_id_seq') as id, p.*, greatest(p.due::timestamptz, v_now) as run_at
    from (select * from plain order by place) p
  ), keyed as (
    -- In one order, so that no two batches wait for each other.
    insert into job_idempotency (class, key, job_id)
    select distinct on (n.class, n.key) n.class, n.key, n.id from numbered n where n.key is not null order by n.class, n.key, n.id
    on conflict do nothing
    returning job_id
  ), new as materialized (
    select n.*, case when n.requires_approval then 'proposed' when n.run_at > v_now then 'scheduled' else 'ready' end as state
    from numbered n
    where n.key is null or n.id in (select k.job_id from keyed k)
  ), queued as (
    insert into job_queue (id, class, state, priority, run_at, max_attempts, enqueued_at, expires_at, idempotency_key)
    overriding system value
    select n.id, n.class, n.state, coalesce(n.rank::smallint, n.priority), n.run_at, n.max_attempts, v_now, n.run_at + n.expires_after, n.key
    from new n
  ), kept as (
    insert into job_payload (job_id, enqueued_at, payload, enqueued_by, trace_id, parent_span_id, sampled, tracestate, correlation_id)
    select n.id, v_now, coalesce(n.job -> 'payload', '{}'), session_user,
           coalesce(substr(n.parent, 4, 32), substr(n.random, 1, 32)), coalesce(substr(n.parent, 37, 16), substr(n.random, 33, 16)),
           n.parent is null or get_bit(decode(substr(n.parent, 54, 2), 'hex'), 0) = 1, n.tracestate, n.correlation_id
    from new n
  ), counted as (
    insert into job_count_delta (class, word, to_state, jobs)
    select n.class, 'enqueue', n.state, count(*) from new n group by n.class, n.state
  )
  select array_agg(n.id order by e.ordinality) into ids
  from jsonb_array_elements(p_jobs) with ordinality e
  left join new n on n.place = e.ordinality;
end
$$;
comment on function lessee.fn_job_insert_plain(jsonb) is 'inserts the jobs that need no closer look';
