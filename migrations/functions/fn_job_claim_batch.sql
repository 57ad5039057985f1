-- Word claim: ready -> leased. Grants the lease up to p_max ready jobs of the
-- named classes, at most p_slots[i] of p_classes[i], first those of the lowest
-- priority number, then those that became ready first; but a job of a later
-- priority that has waited a second longer for each step comes before, so that
-- none starves.
--
-- Returns all that an attempt needs, an array for each column, in no order: a row
-- for what is only listed, whose fences and attempts are null, since they are 1,
-- and one for what was written. A payload that is not small is null there, and
-- comes in a row of its own, of job_ids and payloads alone, so that a claim never
-- has to have all of them in memory at once. places are those of the classes in
-- p_classes, from 1. No rows: nothing is ready, the phase is not running, or the
-- lease is over, unless it was others' turn, which comes before these.
--
-- Of many classes one call takes no more than a few times its share of p_max
-- each, so that it locks no more than it needs.
--
-- p_fronts is [{class, priority, run_at, id, until, on}]: of these classes only what
-- lies after (priority, run_at, id) and before the priority until is looked at,
-- so that the dead entries before it, which can't be cleaned while anybody holds
-- a snapshot, are not walked. See fn_queue_front. on: it is where the lease's
-- last claim ended, and this one may begin where the last one of any lease did.
--
-- Of each class in p_turns, those with a long line, one claim at a time takes, by
-- an advisory lock; one that does not ask for a turn locks its rows, and gives
-- them up if a claim with one is under way. Where it is another's turn nothing is
-- taken, and a row of others alone names the class; if it is of all p_classes,
-- only p_over goes.
-- Of those that are in p_lists, too, what is granted for the first time is only
-- listed in job_grant (job_unwritten); its rows are neither locked nor written.
-- p_over are the granted_at of the lease's own grants of which no job is held any
-- more.
create or replace function lessee.fn_job_claim_batch(p_lease bigint, p_classes text[], p_slots integer[], p_max integer, p_fronts jsonb default null,
                                               p_turns text[] default '{}', p_lists text[] default '{}', p_over timestamptz[] default '{}')
returns table (others text[], leased_at timestamptz, registry_version bigint, job_ids bigint[], places integer[], fences integer[], attempts integer[], max_attempts integer[],
               enqueued_at timestamptz[], idempotency_keys text[], payloads jsonb[], trace_ids text[], parent_span_ids text[], sampled boolean[], tracestates text[],
               priorities smallint[], run_at timestamptz[])
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
  v_lock constant integer := hashtext('lessee.fn_job_claim');
  v_small constant integer := 8192; -- bytes of a payload
  v_ids bigint[]; -- jobs with payloads that are not, among them,
  v_enqueued_at timestamptz[]; -- and where they are found
  v_now timestamptz;
  v_share integer := greatest(16, 4 * p_max / greatest(1, cardinality(p_classes)));
  v_turns text[] := '{}'; -- that this claim has
  v_others text[] := '{}'; -- whose turn it is not
  v_again tid[]; -- where in job_queue are the rows of a long line that have to be written,
  v_rows tid[]; -- and those that are locked
  v_classes text[]; -- of which v_rows were locked without a turn
  v_fronts jsonb; -- where this claim begins, in each of p_classes: p_fronts, moved forward
  v_listed bigint[]; -- jobs that claims with a turn have listed, of the rows that are still as they were
begin
  if p_turns <> '{}' then
    -- Before the statements that claim, which see what was committed when they begin; and before all else, for many hosts are refused.
    v_turns := array(select t.class from unnest(p_turns) as t(class) where pg_try_advisory_xact_lock(v_lock, hashtext(t.class)));
    v_others := array(select t.class from unnest(p_turns) as t(class) where t.class <> all (v_turns));
    if v_turns = '{}' and v_others @> p_classes then
      if p_over <> '{}' then
        delete from job_grant g where g.lease_id = p_lease and g.granted_at = any (p_over) and not g.written;
        -- A list that comes back after a crash is as over as it was. What fn_job_due did in the same transaction, a host's look, is done again.
        perform set_config('synchronous_commit', 'off', true);
      end if;
      others := v_others;
      return next;
      return;
    end if;
  end if;
  perform pg_advisory_xact_lock_shared(hashtext('lessee.fn_lease_gather'), (p_lease % 2147483647)::integer); -- whoever gathers or ends the lease waits for it
  if (select s.value from runtime_setting s where s.name = 'queue.runtime.phase') <> '"running"' or not lessee.fn_lease_live(p_lease) then
    return;
  end if;
  if p_over <> '{}' then
    delete from job_grant g where g.lease_id = p_lease and g.granted_at = any (p_over) and not g.written;
  end if;
  if p_lists <> '{}' then
    -- An unwritten grant is as old as its place in job_grant says. While the clock was set back to before held_from, none is made.
    if (select h.held_from from queue_heartbeat h where -h.lease_id = -p_lease order by h.held_from desc limit 1) > clock_timestamp() then
      p_lists := '{}';
    end if;
  end if;
  v_now := clock_timestamp();
  if cardinality(v_others) < cardinality(p_classes) then -- something is to be looked for
    if v_turns = '{}' and jsonb_path_query_array(p_fronts, '$[*].class') @> to_jsonb(p_classes) then
      v_fronts := p_fronts; -- a third of an empty claim is to ask for what is known
    else
      select jsonb_agg(to_jsonb(f)) into v_fronts
      from (
        select x.class, x.priority, p.run_at, p.id, x.until
        from jsonb_to_recordset(p_fronts) as x(class text, priority smallint, run_at timestamptz, id bigint, until smallint, "on" boolean)
        cross join lateral (
          select x.run_at, x.id
          union all
          (select g.run_at, g.last_id from job_grant g
           where x."on" and x.class = any (v_turns) and g.class = x.class and g.priority = x.priority and g.granted_at > v_now - interval '300 milliseconds' and not g.written -- not past what died longer ago
           order by g.granted_at desc limit 1)
          order by run_at desc, id desc
          limit 1
        ) p
        union all
        select w.class, -1, '-infinity', 0, 32767 from unnest(p_classes) as w(class) where w.class not in (select f.class from jsonb_to_recordset(p_fronts) as f(class text))
      ) f;
    end if;
    -- Not what ends before the fronts, where nobody looks: with eight hosts on a long line that is nearly all.
    v_listed := array(
      select unnest(u.job_ids)
      from grant_unwritten u
      left join jsonb_to_recordset(v_fronts) as f(class text, priority smallint, run_at timestamptz, id bigint, until smallint) on f.class = u.class
      where u.class is null -- what is left of lists that were gathered
         or f.until > u.priority and (f.priority, f.run_at, f.id) < (u.priority, u.run_at, u.last_id));
    if v_turns && p_lists then
      -- What is next, and in the same statement, which knows the rows, the grant of those that stay as they are.
      with next as materialized (
        select f.*, w.place, w.class, w.turn
        from (select u.class, u.slots, u.place::integer, u.class = any (v_turns) as turn, u.class = any (p_lists) as listed
              from unnest(p_classes, p_slots) with ordinality as u(class, slots, place) offset 0) w -- or each row would ask anew
        join executor_class_registry c on c.class = w.class and c.enabled
          -- while its command is switched off, a class waits: a claim could only fail
          and (c.command is null or exists (select from dot_function_registry d where d.name = c.command and d.enabled))
        cross join lateral (
          select f.*, f.run_at + f.priority * v_step as rank
          from jsonb_to_recordset(v_fronts) as x(class text, priority smallint, run_at timestamptz, id bigint, until smallint)
          cross join lateral (
            select * from (
              select r.ctid as row, r.id, r.priority, r.run_at, r.max_attempts, r.enqueued_at, r.idempotency_key, w.listed and r.fence = 0 and r.xmax = '0' and r.expires_at is null as fresh
              from job_queue r
              where w.turn and r.class = w.class and r.in_line and r.state = 'ready' and (r.priority, r.run_at, r.id) > (x.priority, x.run_at, x.id) and r.priority < x.until
                and (r.expires_at is null or r.expires_at > v_now) is true and (r.fence > 0 or r.id not in (select unnest(v_listed)))
              order by r.priority, r.run_at, r.id
              limit least(w.slots, p_max, v_share)
            ) r
            union all
            select * from (
              select r.ctid, r.id, r.priority, r.run_at, null::integer, null::timestamptz, null::text, false
              from job_queue r
              where not w.turn and r.class = w.class and r.in_line and r.state = 'ready' and (r.priority, r.run_at, r.id) > (x.priority, x.run_at, x.id) and r.priority < x.until
                and (r.expires_at is null or r.expires_at > v_now) is true and (r.fence > 0 or r.id not in (select unnest(v_listed)))
              order by r.priority, r.run_at, r.id
              limit least(w.slots, p_max, v_share)
              for update skip locked
            ) r
          ) f
          where x.class = w.class
          order by rank, f.id
          limit w.slots
        ) f
        where w.slots > 0 and w.class <> all (v_others)
        order by f.rank, f.id
        limit coalesce(p_max, 0)
      ), listed as (
        insert into job_grant (lease_id, granted_at, written, class, priority, job_ids, run_at, last_id)
        select p_lease, v_now, false, n.class, n.priority, array_agg(n.id), max(n.run_at), (array_agg(n.id))[count(*)] from next n where n.fresh group by n.class, n.priority
        returning class, cardinality(job_ids) as jobs
      ), counted as (
        insert into job_count_delta (class, word, from_state, to_state, jobs)
        select l.class, 'claim', 'ready', 'leased', sum(l.jobs) from listed l group by l.class
      ), span as materialized (
        select min(n.id) filter (where n.fresh) as low, max(n.id) filter (where n.fresh) as high, min(n.enqueued_at) as since, max(n.enqueued_at) as until,
               max(n.id) filter (where n.fresh) - min(n.id) filter (where n.fresh) <= 4 * count(*) as close,
               array_agg(n.row) filter (where n.turn and not n.fresh) as again, array_agg(n.row) filter (where not n.turn) as locked, array_agg(distinct n.class) filter (where not n.turn) as classes
        from next n
      )
      select array_agg(n.id), array_agg(n.place), array_agg(n.max_attempts), array_agg(n.enqueued_at), array_agg(coalesce(n.idempotency_key, '')),
             array_agg(case when pg_column_size(p.payload) <= v_small and pg_column_compression(p.payload) is null then p.payload end),
             array_agg(p.trace_id), array_agg(p.parent_span_id), array_agg(p.sampled), array_agg(coalesce(p.tracestate, '')), array_agg(n.priority), array_agg(n.run_at),
             (select s.again from span s), (select s.locked from span s), (select s.classes from span s)
      into job_ids, places, max_attempts, enqueued_at, idempotency_keys, payloads, trace_ids, parent_span_ids, sampled, tracestates, priorities, run_at, v_again, v_rows, v_classes
      from next n
      -- Payloads of jobs that lie close together are met by one walk through their index, instead of one for each.
      join (
        select p.* from job_payload p
        where p.job_id between (select s.low from span s where s.close) and (select s.high from span s)
          and p.enqueued_at between (select s.since from span s) and (select s.until from span s)
        union all
        select p.* from (select n.* from next n where n.fresh and not (select s.close from span s)) n
        cross join lateral (select * from job_payload p where p.job_id = n.id and p.enqueued_at = n.enqueued_at offset 0) p
      ) p on p.job_id = n.id and p.enqueued_at = n.enqueued_at
      where n.fresh;
      if job_ids is not null then
        leased_at := v_now;
        registry_version := (select v.version from registry_version v);
        return next;
        if array_position(payloads, null) is not null then
          v_ids := v_ids || job_ids;
          v_enqueued_at := v_enqueued_at || enqueued_at;
        end if;
      end if;
    else
      select array_agg(k.row), array_agg(distinct k.class) filter (where not k.turn)
      into v_rows, v_classes
      from (
        select f.*, w.class, w.turn
        from (select u.class, u.slots, u.class = any (v_turns) as turn from unnest(p_classes, p_slots) as u(class, slots) offset 0) w
        join executor_class_registry c on c.class = w.class and c.enabled
          and (c.command is null or exists (select from dot_function_registry d where d.name = c.command and d.enabled))
        cross join lateral (
          select f.row, f.id, f.run_at + f.priority * v_step as rank
          from jsonb_to_recordset(v_fronts) as x(class text, priority smallint, run_at timestamptz, id bigint, until smallint)
          cross join lateral (
            select r.ctid as row, r.id, r.priority, r.run_at
            from job_queue r
            where r.class = w.class and r.in_line and r.state = 'ready' and (r.priority, r.run_at, r.id) > (x.priority, x.run_at, x.id) and r.priority < x.until
              and (r.expires_at is null or r.expires_at > v_now) is true and (r.fence > 0 or r.id not in (select unnest(v_listed)))
            order by r.priority, r.run_at, r.id
            limit least(w.slots, p_max, v_share)
            for update skip locked
          ) f
          where x.class = w.class
          order by rank, f.id
          limit w.slots
        ) f
        where w.slots > 0 and w.class <> all (v_others)
        order by f.rank, f.id
        limit coalesce(p_max, 0)
      ) k;
    end if;

    if v_again is not null then
      v_rows := v_rows || array(select q.ctid from job_queue q where q.ctid = any (v_again) and (q.state = 'ready') is true for update skip locked);
    end if;
    if v_classes is not null then
      -- A claim that comes now finds the rows locked; one that is under way, or has just ended, may have listed them.
      v_others := v_others || array(select t.class from unnest(v_classes) as t(class)
                                    where not (pg_try_advisory_lock_shared(v_lock, hashtext(t.class)) and pg_advisory_unlock_shared(v_lock, hashtext(t.class))));
      v_listed := array(select unnest(u.job_ids) from grant_unwritten u where u.class is null or u.class = any (v_classes));
      if v_listed <> '{}' or v_others && v_classes then
        v_rows := array(select q.ctid from job_queue q where q.ctid = any (v_rows) and q.class <> all (v_others) and (q.fence > 0 or q.id not in (select unnest(v_listed))));
      end if;
    end if;
  end if;
  if v_rows <> '{}' then
    with wanted as materialized (
      select c.class, v_now + lessee.fn_class_patience(c) as overdue_at from executor_class_registry c where c.class = any (p_classes)
    ), claimed as (
      update job_queue q
      set state = 'leased', lease_id = p_lease, attempt = q.attempt + 1, fence = q.fence + 1, leased_at = v_now, overdue_at = w.overdue_at
      from wanted w
      where q.ctid = any (v_rows) and w.class = q.class
      returning q.id, q.class, q.fence, q.attempt, q.max_attempts, q.enqueued_at, q.idempotency_key, q.priority, q.run_at
    ), listed as (
      insert into job_grant (lease_id, granted_at, job_ids) -- not before held_from, where nobody looks any more, though the clock was set back
      select p_lease, greatest(v_now, (select h.held_from from queue_heartbeat h where -h.lease_id = -p_lease order by h.held_from desc limit 1)), array_agg(k.id) from claimed k
    ), counted as (
      insert into job_count_delta (class, word, from_state, to_state, jobs)
      select k.class, 'claim', 'ready', 'leased', count(*) from claimed k group by k.class
    )
    select array_agg(k.id), array_agg(array_position(p_classes, k.class)), array_agg(k.fence), array_agg(k.attempt), array_agg(k.max_attempts), array_agg(k.enqueued_at),
           array_agg(coalesce(k.idempotency_key, '')), array_agg(case when pg_column_size(p.payload) <= v_small and pg_column_compression(p.payload) is null then p.payload end),
           array_agg(p.trace_id), array_agg(p.parent_span_id), array_agg(p.sampled), array_agg(coalesce(p.tracestate, '')), array_agg(k.priority), array_agg(k.run_at)
    into job_ids, places, fences, attempts, max_attempts, enqueued_at, idempotency_keys, payloads, trace_ids, parent_span_ids, sampled, tracestates, priorities, run_at
    from claimed k
    cross join lateral (select * from job_payload p where p.job_id = k.id and p.enqueued_at = k.enqueued_at offset 0) p;
    if job_ids is not null then
      leased_at := v_now;
      registry_version := (select v.version from registry_version v);
      return next;
      if array_position(payloads, null) is not null then
        v_ids := v_ids || job_ids;
        v_enqueued_at := v_enqueued_at || enqueued_at;
      end if;
    end if;
  end if;
  if v_others <> '{}' or v_ids is not null then
    return query
    select r.others, null::timestamptz, null::bigint, r.job_ids, null::integer[], null::integer[], null::integer[], null::integer[], null::timestamptz[], null::text[],
           r.payloads, null::text[], null::text[], null::boolean[], null::text[], null::smallint[], null::timestamptz[]
    from (
      select v_others as others, null::bigint[] as job_ids, null::jsonb[] as payloads where v_others <> '{}'
      union all
      select null, array[p.job_id], array[p.payload]
      from unnest(v_ids, v_enqueued_at) as j(id, enqueued_at)
      cross join lateral (select p.job_id, p.payload from job_payload p where p.job_id = j.id and p.enqueued_at = j.enqueued_at offset 0) p
      where pg_column_size(p.payload) > v_small or pg_column_compression(p.payload) is not null
    ) r;
  end if;
end
$$;
comment on function lessee.fn_job_claim_batch(bigint, text[], integer[], integer, jsonb, text[], text[], timestamptz[]) is 'word claim, as arrays: ready -> leased';
grant execute on function lessee.fn_job_claim_batch(bigint, text[], integer[], integer, jsonb, text[], text[], timestamptz[]) to lessee_host;
