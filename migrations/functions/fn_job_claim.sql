-- Word claim: ready -> leased. What fn_job_claim_batch grants, a row for each
-- job, in the order in which they are to be run. Before them, a row with job_id
-- 0 for each class of which it was another claim's turn.
create or replace function lessee.fn_job_claim(p_lease bigint, p_classes text[], p_slots integer[], p_max integer, p_fronts jsonb default null,
                                               p_turns text[] default '{}', p_lists text[] default '{}', p_over timestamptz[] default '{}')
returns table (job_id bigint, class text, fence integer, attempt integer, max_attempts integer, leased_at timestamptz, enqueued_at timestamptz,
               idempotency_key text, payload jsonb, trace_id text, parent_span_id text, sampled boolean, tracestate text, registry_version bigint,
               priority smallint, run_at timestamptz)
language sql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  with batch as materialized (
    select * from lessee.fn_job_claim_batch(p_lease, p_classes, p_slots, p_max, p_fronts, p_turns, p_lists, p_over)
  )
  select j.* from (
    select 0, o.class, 0, 0, 0, clock_timestamp(), clock_timestamp(), null, null::jsonb, '', '', false, null, 0::bigint, 0::smallint, '-infinity'::timestamptz
    from batch b cross join lateral unnest(b.others) as o(class)
    union all
    select u.job_id, p_classes[u.place], coalesce(u.fence, 1), coalesce(u.attempt, 1), u.max_attempts, b.leased_at, u.enqueued_at, nullif(u.idempotency_key, ''), coalesce(u.payload, l.payload), u.trace_id, u.parent_span_id,
           u.sampled, nullif(u.tracestate, ''), b.registry_version, u.priority, u.run_at
    from batch b
    cross join lateral unnest(b.job_ids, b.places, b.fences, b.attempts, b.max_attempts, b.enqueued_at, b.idempotency_keys, b.payloads, b.trace_ids, b.parent_span_ids, b.sampled,
                              b.tracestates, b.priorities, b.run_at)
      as u(job_id, place, fence, attempt, max_attempts, enqueued_at, idempotency_key, payload, trace_id, parent_span_id, sampled, tracestate, priority, run_at)
    left join (select b.job_ids[1] as job_id, b.payloads[1] as payload from batch b where b.places is null) l on l.job_id = u.job_id -- a large one
    where b.places is not null
  ) as j(job_id, class, fence, attempt, max_attempts, leased_at, enqueued_at, idempotency_key, payload, trace_id, parent_span_id, sampled, tracestate, registry_version, priority, run_at)
  order by j.run_at + j.priority * interval '1 second', j.job_id
$$;
comment on function lessee.fn_job_claim(bigint, text[], integer[], integer, jsonb, text[], text[], timestamptz[]) is 'word claim: ready -> leased';
grant execute on function lessee.fn_job_claim(bigint, text[], integer[], integer, jsonb, text[], text[], timestamptz[]) to lessee_host;
