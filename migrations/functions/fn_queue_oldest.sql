-- The first ready job of each lane: a priority of a class. It walks the index
-- that claims walk, from lane to lane, and asks for one entry in each, so it
-- costs as much as there are lanes. p_fronts, [{class, priority, run_at, id}],
-- spares it what is dead or held: of these lanes it looks only at what lies
-- after (run_at, id). fn_count_fold keeps them.
create or replace function lessee.fn_queue_oldest(p_fronts jsonb)
returns table (class text, priority smallint, run_at timestamptz, id bigint)
language plpgsql stable
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed
set enable_bitmapscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
  with recursive front as (
    select f.class, f.priority, f.run_at, f.id from jsonb_to_recordset(p_fronts) as f(class text, priority smallint, run_at timestamptz, id bigint)
    union all
    select c.class, -1::smallint, '-infinity', 0 from executor_class_registry c
  ), span as (
    select f.*, coalesce(lead(f.priority) over (partition by f.class order by f.priority), 32767::smallint) as until from front f
  ), lane as (
    select s.class, s.until, r.priority, r.run_at, r.id
    from span s
    cross join lateral (
      select r.priority, r.run_at, r.id from job_queue r
      where r.class = s.class and r.in_line and r.state = 'ready' and (r.priority, r.run_at, r.id) > (s.priority, s.run_at, s.id) and r.priority < s.until
        and (r.fence > 0 or r.id not in (select unnest(array(select u.job_id from job_unwritten u))))
      order by r.priority, r.run_at, r.id
      limit 1
    ) r
    union all
    select l.class, l.until, r.priority, r.run_at, r.id
    from lane l
    cross join lateral (
      select r.priority, r.run_at, r.id from job_queue r
      where r.class = l.class and r.in_line and r.state = 'ready' and (r.priority, r.run_at, r.id) > (l.priority, 'infinity', 0) and r.priority < l.until
        and (r.fence > 0 or r.id not in (select unnest(array(select u.job_id from job_unwritten u))))
      order by r.priority, r.run_at, r.id
      limit 1
    ) r
  )
  select l.class, l.priority, l.run_at, l.id from lane l;
end
$$;
comment on function lessee.fn_queue_oldest(jsonb) is 'the first ready job of each priority of each class';
