-- Adds the deltas up: into the totals of their classes (job_count) and into
-- minutes (job_count_minute). One session at a time, the others don't wait; and
-- not before p_rest has passed since the last one. Returns how many deltas it took.
--
-- Deleting a delta and adding it up are one statement, so none is lost and none
-- counts twice, whatever is killed. It takes what it sees. What it does not see
-- is of a transaction that had not committed, which is what the front says: the
-- oldest transaction that was under way. Whoever reads from there misses nothing.
--
-- It also moves the fronts of fn_queue_oldest. A lane's front passes no job that
-- is ready, and never the horizon: a moment after which everything becomes ready
-- that is not visible yet. Such a moment is when an earlier fold began, once all
-- transactions are over that had an id before that fold got its own; see
-- fn_queue_now. Of a class sixteen lanes are remembered, as by hosts.
create or replace function lessee.fn_count_fold(p_rest interval default interval '4 seconds')
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- dead rows may outnumber the others by far
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_most constant integer := 100000; -- deltas, so that a sweep does not last
  v_kept constant interval := interval '3 hours'; -- of minutes
  v_now timestamptz := clock_timestamp();
  v_last job_count_fold;
  v_front xid8;
  v_count integer;
  v_fronts jsonb;
begin
  if not pg_try_advisory_xact_lock(hashtext('lessee.fn_count_fold')) then
    return 0;
  end if;
  select * into v_last from job_count_fold f order by f.fold desc limit 1;
  if v_now - v_last.at between interval '0' and p_rest then
    return 0;
  end if;

  with taken as materialized (
    select d.ctid as place, d.xid from job_count_delta d
    where d.xid >= case when v_last.front <= pg_snapshot_xmax(pg_current_snapshot()) then v_last.front else '0' end -- as in job_count_recent
    order by d.xid
    limit v_most
  ), gone as (
    delete from job_count_delta d where d.ctid = any (array(select t.place from taken t)) returning d.class, d.word, d.from_state, d.to_state, d.jobs, d.at
  ), moved as materialized (
    select g.class, g.word, g.from_state, g.to_state, sum(g.jobs) as jobs from gone g group by g.class, g.word, g.from_state, g.to_state
  ), before as materialized (
    select t.ctid as place, t.class, t.word, t.from_state, t.to_state, t.jobs
    from (select distinct m.class from moved m) c
    cross join lateral (select max(n.fold) as fold from job_count n where n.class = c.class) n
    cross join lateral (select t.ctid, t.* from job_count t where t.class = c.class and t.fold = n.fold offset 0) t
  ), counted as (
    insert into job_count (class, fold, word, from_state, to_state, jobs)
    select s.class, coalesce(v_last.fold, 0) + 1, s.word, s.from_state, s.to_state, sum(s.jobs)
    from (select m.class, m.word, m.from_state, m.to_state, m.jobs from moved m
          union all
          select b.class, b.word, b.from_state, b.to_state, b.jobs from before b) s
    group by s.class, s.word, s.from_state, s.to_state
  ), replaced as (
    delete from job_count t where t.ctid = any (array(select b.place from before b))
  ), timed as (
    insert into job_count_minute as m (minute, class, word, jobs)
    select date_bin('1 minute', g.at, 'epoch') as minute, g.class, g.word, sum(g.jobs) from gone g group by minute, g.class, g.word
    on conflict (minute, class, word) do update set jobs = m.jobs + excluded.jobs
  )
  select count(*), case when count(*) < v_most then pg_snapshot_xmin(pg_current_snapshot()) else least(pg_snapshot_xmin(pg_current_snapshot()), max(t.xid)) end
  into v_count, v_front
  from taken t;
  if v_count = 0 then
    return 0;
  end if;

  delete from job_count_minute m where m.minute < v_now - v_kept and m.minute >= v_last.at - v_kept - interval '1 minute'; -- those before are gone already
  v_last.horizon := coalesce(case when pg_snapshot_xmin(pg_current_snapshot()) > v_last.xid then v_last.at else v_last.horizon end, '-infinity');
  select coalesce(jsonb_agg(jsonb_build_object('class', l.class, 'priority', l.priority, 'run_at', l.run_at, 'id', l.id)), '[]') into v_fronts
  from (
    select class, priority, p.run_at, p.id, row_number() over (partition by class order by k.id is null, priority) as place
    from jsonb_to_recordset(v_last.fronts) as k(class text, priority smallint, run_at timestamptz, id bigint)
    full join lessee.fn_queue_oldest(coalesce(v_last.fronts, '[]')) o using (class, priority)
    cross join lateral (
      select p.run_at, p.id
      from (values (k.run_at, k.id), (least(o.run_at, v_last.horizon), case when o.run_at <= v_last.horizon then o.id - 1 else 0 end)) p(run_at, id)
      where p.id is not null
      order by p.run_at desc, p.id desc
      limit 1
    ) p
  ) l
  where l.place <= 16;
  insert into job_count_fold (fold, at, xid, front, horizon, fronts)
  values (coalesce(v_last.fold, 0) + 1, transaction_timestamp(), pg_current_xact_id(), v_front, v_last.horizon, v_fronts);
  delete from job_count_fold f where f.fold = v_last.fold;
  return v_count;
end
$$;
comment on function lessee.fn_count_fold(interval) is 'adds the deltas up';
grant execute on function lessee.fn_count_fold(interval) to lessee_host;
