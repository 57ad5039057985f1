-- Counts the jobs that are there and corrects the counters by what they are out
-- of. It scans the queue and the dead letters. Nobody has to stop for it: a
-- transition and its delta are one transaction, so a snapshot has both or
-- neither. Returns what it corrected; no rows is as it should be.
create or replace function lessee.fn_count_recount()
returns table (class text, state text, counted bigint, found bigint)
language sql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  with there as (
    select q.class, case q.state when 'running' then 'leased' else q.state end as state, count(*) as jobs from lessee.job_live q group by 1, 2
    union all
    select d.class, 'dead_lettered', count(*) from lessee.job_dead_letter d where d.replayed_at is null group by 1
  ), wrong as materialized (
    select class, state, coalesce(c.jobs, 0) as counted, coalesce(t.jobs, 0) as found
    from there t
    full join (select * from lessee.class_count c where c.state <> all ('{succeeded,cancelled,expired,rejected}')) c using (class, state)
    where coalesce(c.jobs, 0) <> coalesce(t.jobs, 0)
  ), corrected as (
    insert into lessee.job_count_delta (class, word, to_state, jobs) select w.class, 'recount', w.state, w.found - w.counted from wrong w
  )
  select w.class, w.state, w.counted, w.found from wrong w order by w.class, w.state;
$$;
comment on function lessee.fn_count_recount() is 'counts the jobs and corrects the counters';
grant execute on function lessee.fn_count_recount() to lessee_operator;
