-- Every class with what its counters say: jobs by state and by word (as in the
-- views class_count and job_count_now), the age of the oldest ready job in
-- seconds, and the rates of class_rate over one and ten minutes. It reads as
-- much as there are classes, however many jobs there are.
create or replace function lessee.fn_class_reading()
returns table (class text, enabled boolean, states jsonb, words jsonb, oldest float8,
               enqueued_1m float8, done_1m float8, failed_1m float8, failure_1m float8,
               enqueued_10m float8, done_10m float8, failed_10m float8, failure_10m float8)
language plpgsql stable security definer
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- dead rows may outnumber the others by far
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
  with counted as materialized (
    select n.class, n.word, n.from_state, n.to_state, sum(n.jobs) as jobs from job_count_now n group by n.class, n.word, n.from_state, n.to_state
  ), state as (
    select s.class, jsonb_object_agg(s.state, s.jobs) filter (where s.jobs <> 0) as states
    from (select c.class, v.state, sum(v.jobs) as jobs
          from counted c cross join lateral (values (c.to_state, c.jobs), (c.from_state, -c.jobs)) v(state, jobs)
          where v.state is not null group by c.class, v.state) s
    group by s.class
  ), word as (
    select w.class, jsonb_object_agg(w.word, w.jobs) as words
    from (select c.class, c.word, sum(c.jobs) as jobs from counted c where c.word <> 'recount' group by c.class, c.word) w
    group by w.class
  ), rate as materialized (
    select * from class_rate r where r.minutes <= 10
  )
  select c.class, c.enabled, coalesce(s.states, '{}'), coalesce(w.words, '{}'), extract(epoch from clock_timestamp() - o.ready_since)::float8,
         coalesce(a.enqueued, 0)::float8, coalesce(a.done, 0)::float8, coalesce(a.failed, 0)::float8, a.failure_rate::float8,
         coalesce(b.enqueued, 0)::float8, coalesce(b.done, 0)::float8, coalesce(b.failed, 0)::float8, b.failure_rate::float8
  from executor_class_registry c
  left join state s on s.class = c.class
  left join word w on w.class = c.class
  left join lessee.fn_class_oldest() o on o.class = c.class
  left join rate a on a.class = c.class and a.minutes = 1
  left join rate b on b.class = c.class and b.minutes = 10
  order by c.class;
end
$$;
comment on function lessee.fn_class_reading() is 'what the counters say of each class';
grant execute on function lessee.fn_class_reading() to lessee_host, lessee_operator, lessee_reader;
