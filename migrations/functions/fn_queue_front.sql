-- Where the live part of the queue begins: for each of p_fronts, an array of
-- {class, priority, run_at, id}, the same moved forward past what is not ready
-- any more. A host remembers it and claims from there (fn_job_claim_batch), so that it
-- does not walk dead entries again that can't be cleaned while somebody holds a
-- snapshot.
--
-- Of the priorities between two fronts of a class the first that has ready jobs
-- gets one, too: a claim takes of a stretch without fronts by priority alone,
-- so that its later ones could starve.
--
-- A front never passes an entry that can be ready: neither one that is, by this
-- statement's snapshot, whoever has it locked; nor one that is not committed
-- yet, because it stays before p_horizon. The host reckons the horizon: a moment
-- at is past when every transaction that had an id then has ended, that is, when
-- a later call's oldest has reached xid. What becomes ready gets the present as
-- run_at, by fn_queue_now.
--
-- What gets behind a front all the same, by a clock that was set back or an
-- operator's own UPDATE, fn_queue_recall finds.
create or replace function lessee.fn_queue_front(p_fronts jsonb, p_horizon timestamptz, out fronts jsonb, out at timestamptz, out xid bigint, out oldest bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
begin
  with front as materialized (
    select f.*, lead(f.priority, 1, 32767::smallint) over (partition by f.class order by f.priority) as until
    from jsonb_to_recordset(p_fronts) as f(class text, priority smallint, run_at timestamptz, id bigint)
  ), listed as materialized ( -- by lists that do not end before the fronts
    select array(
      select unnest(u.job_ids)
      from grant_unwritten u
      left join front f on f.class = u.class
      where u.class is null or f.until > u.priority and (f.priority, f.run_at, f.id) < (u.priority, u.run_at, u.last_id)) as ids
  ), moved as (
    select f.class, f.priority, g.run_at, g.id
    from front f
    left join lateral (
      select r.run_at, r.id from job_queue r
      where r.class = f.class and r.in_line and r.state = 'ready' and r.priority = f.priority and (r.run_at, r.id) > (f.run_at, f.id)
        and (r.fence > 0 or r.id not in (select unnest((select l.ids from listed l))))
      order by r.run_at, r.id
      limit 1
    ) r on true
    cross join lateral (
      select p.run_at, p.id
      from (values (f.run_at, f.id), (least(r.run_at, p_horizon), case when r.run_at <= p_horizon then r.id - 1 else 0 end)) as p(run_at, id)
      order by p.run_at desc, p.id desc
      limit 1
    ) g
    union all
    select f.class, n.priority, '-infinity', 0
    from front f
    cross join lateral (
      select r.priority from job_queue r
      where r.class = f.class and r.in_line and r.state = 'ready' and r.priority > f.priority and r.priority < f.until
        and (r.fence > 0 or r.id not in (select unnest((select l.ids from listed l))))
      order by r.priority
      limit 1
    ) n
  )
  select coalesce(jsonb_agg(to_jsonb(m)), '[]') into fronts from moved m;
  if pg_current_xact_id_if_assigned() is null then
    at := clock_timestamp(); -- then the id, so that whoever had one at that moment has a lower one
    xid := pg_current_xact_id()::text::bigint;
  end if;
  oldest := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
end
$$;
comment on function lessee.fn_queue_front(jsonb, timestamptz) is 'where the live part of the queue begins';
grant execute on function lessee.fn_queue_front(jsonb, timestamptz) to lessee_host;
