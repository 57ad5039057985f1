-- The short way of fn_job_commit, for outcomes that succeeded and ask for
-- nothing that could fail: no effects, no command, no schema to hold the output
-- against. One statement ends them all, under the fence.
--
-- The arrays are parallel, an element for each outcome, as typed values: to read
-- them as JSON would cost as much as to write the row. They are in the order of
-- p_jobs: what lies outside its first and last is not taken.
--
-- p_leased is when the job was granted. If no row says so (job_unwritten),
-- p_listed is where it is listed: a place, from 1, in the lists of the moments
-- p_lots, each by class and priority, one after another.
--
-- p_meters is abi.Usage: for each column of job_history, from wall_us on, an
-- array, the last of which may be left out; a wall_us of -1 says that nothing is
-- known. p_usages is the same as JSON, of whoever has it so.
--
-- Returns the places of those that it took, from 1; what became of the others,
-- fn_job_commit knows.
create or replace function lessee.fn_job_succeed(p_lease bigint, p_jobs bigint[], p_fences integer[], p_attempts integer[], p_spans text[], p_modules text[],
                                                 p_outputs jsonb[], p_usages jsonb[], p_requests jsonb[],
                                                 p_leased timestamptz[] default null, p_meters bigint[] default null, p_lots timestamptz[] default null, p_listed integer[] default null,
                                                 out places integer[])
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
  v_spans text := array_to_string(p_spans, ',', '');
  v_low bigint := p_jobs[1]; -- where p_jobs lie close together: one walk through the index instead of one for each
  v_high bigint := p_jobs[cardinality(p_jobs)];
  v_apart bigint[]; -- p_jobs, where they do not
  v_ids bigint[]; -- of those that have an idempotency key,
  v_classes text[]; -- as the other two
  v_keys text[];
begin
  -- A span that is none needs somebody who looks at each outcome.
  if v_spans !~ '^[0-9a-f]{16}(,[0-9a-f]{16})*$' or strpos(v_spans, '0000000000000000') > 0 or not lessee.fn_lease_live(p_lease) then
    return;
  end if;
  if v_high / 4 - v_low / 4 > cardinality(p_jobs) then -- not their difference: no id that a host makes up may overflow
    v_low := null;
    v_apart := p_jobs;
  end if;
  with gone as (
    delete from job_queue q
    using unnest(p_jobs, p_fences, p_attempts, p_listed) with ordinality as o(job_id, fence, attempt, listed, place) -- no more: each row is copied three times
    where (q.id between v_low and v_high or q.id = any (v_apart))
      and q.id + 0 = o.job_id -- the key's index has no order to offer
      and (q.state in ('leased', 'running') and q.lease_id = p_lease and q.fence = o.fence and q.attempt = o.attempt
           or q.state = 'ready' and q.fence = 0 and o.fence = 1 and o.attempt = q.attempt + 1
              and (array(select unnest(g.job_ids)
                         from (select g.job_ids
                               from unnest(p_lots) with ordinality as l(lot, place)
                               cross join lateral (select * from job_grant g where g.lease_id = p_lease and g.granted_at = l.lot and not g.written offset 0) g
                               order by l.place, g.class collate "C", g.priority) g))[o.listed] = o.job_id) is true
      -- of classes and modules whose outcomes can't fail
      and q.class <> all (array(select c.class from executor_class_registry c where c.runtime = 'command' or c.result_schema is not null))
      and (p_modules[o.place] = any (array(select m.sha256 from (select distinct u.module from unnest(p_modules) u(module)) d
                                           join executor_module_registry m on m.sha256 = d.module and m.manifest #> '{schemas,output}' is not null))) is not true
    returning q.id, o.fence, o.attempt, q.max_attempts, q.crash_count, q.class, q.priority, coalesce(q.leased_at, p_leased[o.place]) as leased_at, q.enqueued_at, q.idempotency_key,
              o.place::integer
  ), ended as (
    insert into job_history (job_id, fence, ended_at, enqueued_at, class, word, state, attempt, max_attempts, crash_count, priority, lease_id, leased_at,
                             module_sha256, span_id, idempotency_key, output, usage, requests,
                             wall_us, fuel, output_bytes, memory_bytes, host_calls, log_bytes, http_calls, http_bytes)
    select d.id, d.fence, v_now, d.enqueued_at, d.class, 'succeed', 'succeeded', d.attempt, d.max_attempts, d.crash_count, d.priority, p_lease, d.leased_at,
           p_modules[d.place], p_spans[d.place], d.idempotency_key, p_outputs[d.place], p_usages[d.place], p_requests[d.place],
           nullif(p_meters[1][d.place], -1), nullif(p_meters[2][d.place], 0), nullif(p_meters[3][d.place], 0), nullif(p_meters[4][d.place], 0),
           nullif(p_meters[5][d.place], 0), nullif(p_meters[6][d.place], 0), nullif(p_meters[7][d.place], 0), nullif(p_meters[8][d.place], 0)
    from gone d
  ), counted as (
    insert into job_count_delta (class, word, from_state, to_state, jobs)
    select d.class, 'succeed', 'leased', 'succeeded', count(*) from gone d group by d.class
  )
  select array_agg(d.place), array_agg(d.id) filter (where d.idempotency_key is not null), array_agg(d.class) filter (where d.idempotency_key is not null),
         array_agg(d.idempotency_key) filter (where d.idempotency_key is not null)
  into places, v_ids, v_classes, v_keys
  from gone d;
  if v_ids is not null then
    update job_idempotency i set expires_at = v_now + coalesce((select c.idempotency_retention from executor_class_registry c where c.class = i.class), interval '1 day')
    where i.ctid = any (array(
      select f.key_row
      from unnest(v_ids, v_classes, v_keys) as k(job_id, class, key)
      cross join lateral (select i.ctid as key_row from job_idempotency i where i.class = k.class and i.key = k.key and i.job_id = k.job_id for update offset 0) f));
  end if;
end
$$;
comment on function lessee.fn_job_succeed(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[], timestamptz[], bigint[], timestamptz[], integer[]) is 'ends what succeeded and asks for nothing';
grant execute on function lessee.fn_job_succeed(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[], timestamptz[], bigint[], timestamptz[], integer[]) to lessee_host;
