-- The partitions of what has ended, each with its days, and when it goes. A
-- partition of payloads goes a day later than the history of the same days, and
-- not while something refers to it: needed_by says what. The default partition,
-- for rows of days that have none, has no days.
create or replace function lessee.fn_history_partitions()
returns table (parent text, name text, since timestamptz, until timestamptz, row_estimate bigint, bytes bigint, goes_at timestamptz, needed_by text)
language sql stable security definer
set search_path = pg_catalog, lessee, pg_temp
set timezone = 'UTC' -- of the bounds that are read here
set datestyle = 'ISO'
as $$
  with bounded as materialized (
    select p.relname::text as parent, c.relname::text as name, c.oid,
           replace(substring(pg_get_expr(c.relpartbound, c.oid) from 'FROM \(''?(MINVALUE|[^'')]+)'), 'MINVALUE', '-infinity')::timestamptz as since,
           substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)')::timestamptz as until,
           greatest(c.reltuples::bigint, pg_stat_get_live_tuples(c.oid)) as row_estimate
    from pg_partitioned_table t
    join pg_class p on p.oid = t.partrelid
    join pg_inherits i on i.inhparent = p.oid
    join pg_class c on c.oid = i.inhrelid
    where p.relnamespace = 'lessee'::regnamespace
  ), listed as materialized (
    select b.*, b.until + make_interval(days => lessee.fn_setting('history.retention_days')::integer + (b.parent = 'job_payload')::integer) as goes_at
    from bounded b
  )
  select l.parent, l.name, l.since, l.until, l.row_estimate, pg_total_relation_size(l.oid), l.goes_at,
         case when l.parent = 'job_payload' and l.goes_at <= clock_timestamp() then lessee.fn_history_needed(l.name, l.since, l.until) end
  from listed l
  order by l.parent, l.until nulls last;
$$;
comment on function lessee.fn_history_partitions() is 'partitions of what has ended, and when they go';
grant execute on function lessee.fn_history_partitions() to lessee_host, lessee_operator, lessee_reader;
