-- Word claim: ready -> leased. Grants the lease up to p_max ready jobs of the
-- named classes, at most p_slots[i] of p_classes[i], first those of the lowest
-- priority number, then those that became ready first; but a job of a later
-- priority that has waited a second longer for each step comes before, so that
-- none starves. Returns all that an attempt needs. No rows: nothing is ready, the phase is not running, or the
-- lease is over.
--
-- Of many classes one call takes no more than a few times its share of p_max
-- each, so that it locks no more than it needs.
--
-- p_fronts is [{class, priority, run_at, id, until}]: of these classes only what
-- lies after (priority, run_at, id) and before the priority until is looked at,
-- so that the dead entries before it, which can't be cleaned while anybody holds
-- a snapshot, are not walked. See fn_queue_front.
--
-- Of each class in p_turns, those with a long line, one claim at a time takes. A
-- claim that began before another one's commit sees its jobs ready, and SKIP
-- LOCKED follows them to where they are now: it locks what the other host has
-- taken, or waits for who did so. Where it is another's turn nothing is taken,
-- and a row with job_id 0 names the class.
create or replace function lessee.fn_job_claim(p_lease bigint, p_classes text[], p_slots integer[], p_max integer, p_fronts jsonb default null,
                                               p_turns text[] default '{}')
returns table (job_id bigint, class text, fence integer, attempt integer, max_attempts integer, leased_at timestamptz, enqueued_at timestamptz,
               idempotency_key text, payload jsonb, trace_id text, parent_span_id text, sampled boolean, tracestate text, registry_version bigint,
               priority smallint, run_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed
set enable_bitmapscan = off
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_step constant interval := interval '1 second'; -- of waiting, that a step of priority is worth
  v_now timestamptz := clock_timestamp();
  v_share integer := greatest(16, 4 * p_max / greatest(1, cardinality(p_classes)));
  v_fronted text[];
  v_others text[]; -- whose turn it is not
  v_rows tid[]; -- their place in job_queue, which is theirs while they are locked
begin
  if (select s.value from runtime_setting s where s.name = 'queue.runtime.phase') <> '"running"' or not lessee.fn_lease_live(p_lease) then
    return;
  end if;
  if p_turns <> '{}' then -- before the statement that claims, which sees what was committed when it begins
    v_others := array(select t.class from unnest(p_turns) as t(class) where not pg_try_advisory_xact_lock(hashtext('lessee.fn_job_claim'), hashtext(t.class)));
    return query select 0::bigint, o.class, 0, 0, 0, v_now, v_now, null::text, null::jsonb, '', '', false, null::text, 0::bigint, 0::smallint, v_now
      from unnest(v_others) as o(class);
    if cardinality(v_others) = cardinality(p_classes) then
      return;
    end if;
  end if;
  v_fronted := array(select distinct x.class from jsonb_to_recordset(p_fronts) as x(class text));
  v_rows := array(
    select k.row
    from (
      select f.row, f.id, f.priority, f.run_at, w.slots, row_number() over (partition by w.class order by f.run_at + f.priority * v_step, f.id) as place
      from unnest(p_classes, p_slots) as w(class, slots)
      join executor_class_registry c on c.class = w.class and c.enabled
        -- while its command is switched off, a class waits: a claim could only fail
        and (c.command is null or exists (select from dot_function_registry d where d.name = c.command and d.enabled))
      cross join lateral (
        select x.priority, x.run_at, x.id, x.until from jsonb_to_recordset(p_fronts) as x(class text, priority smallint, run_at timestamptz, id bigint, until smallint) where x.class = w.class
        union all
        select -1::smallint, '-infinity'::timestamptz, 0::bigint, 32767::smallint
        where w.class <> all (v_fronted)
      ) x
      cross join lateral (
        select r.ctid as row, r.id, r.priority, r.run_at
        from job_queue r
        where r.class = w.class and r.in_line and r.state = 'ready' and (r.priority, r.run_at, r.id) > (x.priority, x.run_at, x.id) and r.priority < x.until
          and (r.expires_at is null or r.expires_at > v_now) is true
        order by r.priority, r.run_at, r.id
        limit least(w.slots, p_max, v_share)
        for update skip locked
      ) f
      where w.slots > 0 and w.class <> all (coalesce(v_others, '{}'))
    ) k
    where k.place <= k.slots
    order by k.run_at + k.priority * v_step, k.id
    limit coalesce(p_max, 0));
  if v_rows = '{}' then
    return;
  end if;
  return query
  with wanted as materialized (
    select c.class,
           -- twice the limit and ten seconds: a live host kills in time, the sweep is for one that can't
           v_now + 2 * ((lessee.fn_default_limits() || c.limits) ->> case when c.runtime = 'command' then 'command_ms' else 'wall_ms' end)::bigint * interval '1 millisecond' + interval '10 seconds' as overdue_at
    from executor_class_registry c where c.class = any (p_classes)
  ), claimed as (
    update job_queue q
    set state = 'leased', lease_id = p_lease, attempt = q.attempt + 1, fence = q.fence + 1, leased_at = v_now, overdue_at = w.overdue_at
    from wanted w
    where q.ctid = any (v_rows) and w.class = q.class
    returning q.id, q.class, q.fence, q.attempt, q.max_attempts, q.leased_at, q.enqueued_at, q.idempotency_key, q.priority, q.run_at
  ), listed as (
    insert into job_grant (lease_id, granted_at, job_ids) select p_lease, v_now, array_agg(k.id) from claimed k
  ), counted as (
    insert into job_count_delta (class, word, from_state, to_state, jobs)
    select k.class, 'claim', 'ready', 'leased', count(*) from claimed k group by k.class
  )
  select k.id, k.class, k.fence, k.attempt, k.max_attempts, k.leased_at, k.enqueued_at, k.idempotency_key,
         p.payload, p.trace_id, p.parent_span_id, p.sampled, p.tracestate, v.version, k.priority, k.run_at
  from claimed k
  cross join lateral (select * from job_payload p where p.job_id = k.id and p.enqueued_at = k.enqueued_at offset 0) p
  cross join registry_version v
  order by k.run_at + k.priority * v_step, k.id;
end
$$;
comment on function lessee.fn_job_claim(bigint, text[], integer[], integer, jsonb, text[]) is 'word claim: ready -> leased';
grant execute on function lessee.fn_job_claim(bigint, text[], integer[], integer, jsonb, text[]) to lessee_host;
