-- The short way of fn_job_commit, for outcomes that succeeded and ask for
-- nothing that could fail: no effects, no command, no schema to hold the output
-- against. One statement ends them all, under the fence.
--
-- The arrays are parallel, an element for each outcome, as typed values:
-- to read them as JSON would cost as much as to write the row. Returns the jobs
-- that it took; what became of the others, fn_job_commit knows.
create or replace function lessee.fn_job_succeed(p_lease bigint, p_jobs bigint[], p_fences integer[], p_attempts integer[], p_spans text[], p_modules text[],
                                                 p_outputs jsonb[], p_usages jsonb[], p_requests jsonb[], out ids bigint[], out fences integer[], out spans text[])
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
-- The plan must not follow the statistics of a table that is empty one moment
-- and full the next. So tables are reached by key alone, through "any (array)" or
-- LATERAL with OFFSET 0, "is true" keeps a condition from an index, and lists
-- meet by hash.
set enable_seqscan = off
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_special text[] := array(select c.class from executor_class_registry c where c.runtime = 'command' or c.result_schema is not null);
  v_choosy text[] := array(select m.sha256 from (select distinct u.module from unnest(p_modules) u(module)) d
                           join executor_module_registry m on m.sha256 = d.module and m.manifest #> '{schemas,output}' is not null);
begin
  if not lessee.fn_lease_live(p_lease) then
    return;
  end if;
  with plain as materialized (
    select o.job_id, o.fence, o.attempt, o.span_id, o.module_sha256, o.output, o.usage, o.requests
    from unnest(p_jobs, p_fences, p_attempts, p_spans, p_modules, p_outputs, p_usages, p_requests)
      as o(job_id, fence, attempt, span_id, module_sha256, output, usage, requests)
    where octet_length(o.span_id) = 16 and translate(o.span_id, '0123456789abcdef', '') = '' and o.span_id <> '0000000000000000'
      and (o.module_sha256 = any (v_choosy)) is not true
  ), gone as (
    delete from job_queue q
    where q.id = any (p_jobs)
      and ((q.id, q.fence, q.attempt) in (select g.job_id, g.fence, g.attempt from plain g)) is true
      and (q.lease_id = p_lease) is true and (q.state in ('leased', 'running')) is true
      and q.class <> all (v_special)
    returning q.id, q.fence, q.attempt, q.max_attempts, q.crash_count, q.class, q.priority, q.leased_at, q.enqueued_at, q.idempotency_key
  ), ending as materialized (
    select distinct on (d.id) d.*, g.span_id, g.module_sha256, g.output, g.usage, g.requests
    from gone d join plain g on g.job_id = d.id and g.fence = d.fence and g.attempt = d.attempt
    order by d.id
  ), ended as (
    insert into job_history (job_id, fence, ended_at, enqueued_at, class, word, state, attempt, max_attempts, crash_count, priority, lease_id, leased_at,
                             module_sha256, span_id, idempotency_key, output, usage, requests)
    select e.id, e.fence, v_now, e.enqueued_at, e.class, 'succeed', 'succeeded', e.attempt, e.max_attempts, e.crash_count, e.priority, p_lease, e.leased_at,
           e.module_sha256, e.span_id, e.idempotency_key, e.output, e.usage, e.requests
    from ending e
  ), counted as (
    insert into job_count_delta (class, word, from_state, to_state, jobs)
    select e.class, 'succeed', 'leased', 'succeeded', count(*) from ending e group by e.class
  ), keyed as materialized (
    select i.key_row
    from ending e
    cross join lateral (select i.ctid as key_row from job_idempotency i where i.class = e.class and i.key = e.idempotency_key and i.job_id = e.id for update offset 0) i
    where e.idempotency_key is not null
  ), freed as (
    update job_idempotency i set expires_at = v_now + coalesce((select c.idempotency_retention from executor_class_registry c where c.class = i.class), interval '1 day')
    where i.ctid = any (array(select k.key_row from keyed k))
  )
  select array_agg(e.id), array_agg(e.fence), array_agg(e.span_id) into ids, fences, spans from ending e;
end
$$;
comment on function lessee.fn_job_succeed(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[]) is 'ends what succeeded and asks for nothing';
grant execute on function lessee.fn_job_succeed(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[]) to lessee_host;
