-- When the sweep takes a job of the class from a live host, counted from its
-- grant: twice the limit and ten seconds. A live host kills in time; this is
-- for one that can't.
create or replace function lessee.fn_class_patience(p_class lessee.executor_class_registry)
returns interval
language sql stable -- without a search_path of its own, which would keep it from being inlined into a claim
as $$
  select 2 * ((lessee.fn_default_limits() || p_class.limits) ->> case when p_class.runtime = 'command' then 'command_ms' else 'wall_ms' end)::bigint * interval '1 millisecond'
         + interval '10 seconds';
$$;
comment on function lessee.fn_class_patience(lessee.executor_class_registry) is 'when a grant of a class is overdue';
