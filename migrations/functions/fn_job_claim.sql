-- Word claim: ready -> leased. Grants the lease up to p_max ready jobs of the
-- named classes, at most p_slots[i] of p_classes[i], first those of the lowest
-- priority number, then the earliest due. Returns all that an attempt needs.
-- No rows: nothing is ready, the phase is not running, or the lease is over.
create or replace function lessee.fn_job_claim(p_lease bigint, p_classes text[], p_slots integer[], p_max integer)
returns table (job_id bigint, class text, fence integer, attempt integer, max_attempts integer, leased_at timestamptz, enqueued_at timestamptz,
               idempotency_key text, payload jsonb, trace_id text, parent_span_id text, sampled boolean, tracestate text, registry_version bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
begin
  if lessee.fn_setting('queue.runtime.phase') <> '"running"' or not lessee.fn_lease_live(p_lease) then
    return;
  end if;
  return query
  with wanted as (
    select c.class, w.slots, lessee.fn_default_limits() || c.limits as limits, c.runtime
    from unnest(p_classes, p_slots) as w(class, slots)
    join executor_class_registry c on c.class = w.class and c.enabled
    where w.slots > 0
      -- while its command is switched off, a class waits: a claim could only fail
      and (c.command is null or exists (select from dot_function_registry f where f.name = c.command and f.enabled))
  ), candidate as materialized (
    select q.id, w.runtime, w.limits
    from wanted w
    cross join lateral (
      select r.id, r.priority, r.run_at
      from job_queue r
      where r.class = w.class and r.state = 'ready' and (r.expires_at is null or r.expires_at > v_now)
      order by r.priority, r.run_at, r.id
      limit least(w.slots, p_max)
      for update skip locked
    ) q
    order by q.priority, q.run_at, q.id
    limit coalesce(p_max, 0)
  ), claimed as (
    update job_queue q
    set state = 'leased', lease_id = p_lease, attempt = q.attempt + 1, fence = q.fence + 1, leased_at = v_now,
        -- twice the limit and ten seconds: a live host kills in time, the sweep is for one that can't
        overdue_at = v_now + 2 * (c.limits ->> case when c.runtime = 'command' then 'command_ms' else 'wall_ms' end)::bigint * interval '1 millisecond' + interval '10 seconds'
    from candidate c
    where q.id = c.id and q.state = 'ready'
    returning q.*
  )
  select k.id, k.class, k.fence, k.attempt, k.max_attempts, k.leased_at, k.enqueued_at, k.idempotency_key,
         p.payload, p.trace_id, p.parent_span_id, p.sampled, p.tracestate, (select v.version from registry_version v)
  from claimed k
  join job_payload p on p.job_id = k.id
  order by k.priority, k.run_at, k.id;
end
$$;
comment on function lessee.fn_job_claim(bigint, text[], integer[], integer) is 'word claim: ready -> leased';
grant execute on function lessee.fn_job_claim(bigint, text[], integer[], integer) to lessee_host;
