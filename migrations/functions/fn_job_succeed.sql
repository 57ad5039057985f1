-- The short way of fn_job_commit, for outcomes that succeeded and ask for
-- nothing that could fail: no effects, no command, no schema to hold the output
-- against. One statement ends them all, under the fence. Returns those that it
-- took, in the order of the outcomes; the others are for fn_job_decide.
create or replace function lessee.fn_job_succeed(p_lease bigint, p_outcomes jsonb, out ids bigint[], out fences integer[])
language plpgsql volatile
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
begin
  with plain as materialized (
    select o.job_id, o.fence, o.attempt, o.output, o.error, o.usage, o.requests, o.log_tail, o.span_id, o.module_sha256, o.ordinality
    from jsonb_populate_recordset(null::job_outcome, p_outcomes) with ordinality o
    where o.word = 'succeed' and o.commands is null and o.enqueue is null and o.events is null
      and o.span_id ~ '^[0-9a-f]{16}$' and o.span_id <> '0000000000000000'
  ), choosy as materialized (
    select m.sha256
    from (select distinct p.module_sha256 from plain p) d
    join executor_module_registry m on m.sha256 = d.module_sha256
    where m.manifest #> '{schemas,output}' is not null
  ), granted as materialized (
    select p.job_id, p.fence, p.attempt, p.output, p.error, p.usage, p.requests, p.log_tail, p.span_id, p.module_sha256, p.ordinality
    from plain p
    where p.module_sha256 is null or p.module_sha256 <> all (array(select c.sha256 from choosy c))
  ), gone as (
    delete from job_queue q
    where q.id = any (array(select g.job_id from granted g))
      and ((q.id, q.fence, q.attempt) in (select g.job_id, g.fence, g.attempt from granted g)) is true
      and (q.lease_id = p_lease) is true and (q.state in ('leased', 'running')) is true
      and q.class <> all (v_special)
    returning q.id, q.fence, q.attempt, q.max_attempts, q.crash_count, q.class, q.priority, q.leased_at, q.enqueued_at, q.idempotency_key
  ), ending as materialized (
    select distinct on (d.id) d.*, g.output, g.error, g.usage, g.requests, g.log_tail, g.span_id, g.module_sha256, g.ordinality
    from gone d join granted g on g.job_id = d.id and g.fence = d.fence and g.attempt = d.attempt
    order by d.id
  ), ended as (
    insert into job_history (job_id, fence, ended_at, enqueued_at, class, word, state, attempt, max_attempts, crash_count, priority, lease_id, leased_at,
                             module_sha256, span_id, idempotency_key, output, error, usage, requests, log_tail)
    select e.id, e.fence, v_now, e.enqueued_at, e.class, 'succeed', 'succeeded', e.attempt, e.max_attempts, e.crash_count, e.priority, p_lease, e.leased_at,
           e.module_sha256, e.span_id, e.idempotency_key, e.output, e.error, e.usage, e.requests, e.log_tail
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
  select array_agg(e.id order by e.ordinality), array_agg(e.fence order by e.ordinality) into ids, fences from ending e;
end
$$;
comment on function lessee.fn_job_succeed(bigint, jsonb) is 'ends what succeeded and asks for nothing';
