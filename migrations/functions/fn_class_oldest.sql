-- Since when the job is ready that has been so for longest, of each class that has one.
create or replace function lessee.fn_class_oldest()
returns table (class text, ready_since timestamptz)
language sql stable security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  select o.class, min(o.run_at)
  from lessee.fn_queue_oldest(coalesce((select f.fronts from lessee.job_count_fold f order by f.fold desc limit 1), '[]')) o
  group by o.class;
$$;
comment on function lessee.fn_class_oldest() is 'since when the oldest ready job of each class is ready';
grant execute on function lessee.fn_class_oldest() to lessee_host, lessee_operator, lessee_reader;
