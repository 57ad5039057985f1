-- Ends grants: the words succeed, retry, dead_letter, park, release, rescue
-- and cancel, for many jobs in one statement. For fn_job_commit, fn_job_rescue,
-- fn_job_overdue and fn_lease_renew, which lock the rows first; the fence is repeated here.
-- Returns the word that was applied: it differs from the one asked for when a
-- cancel was requested, attempts are used up, the failure is permanent by the
-- class's policy, or a job crashed too many hosts.
create or replace function lessee.fn_job_end(p_endings lessee.job_ending[])
returns table (job_id bigint, fence integer, word text)
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  v_now timestamptz := lessee.fn_queue_now();
begin
  return query
  with held as materialized (
    select q.*, e.word as asked, e.output, e.error, e.retry_after_ms, e.usage, e.requests, e.log_tail, e.span_id, e.module_sha256,
           lessee.fn_default_retry_policy() || coalesce(c.retry_policy, '{}') as policy,
           coalesce(c.idempotency_retention, interval '1 day') as retention
    from unnest(p_endings) e
    cross join lateral (select * from job_queue q where q.id = e.job_id and q.fence = e.fence and (q.lease_id = e.lease_id) is true and (q.state in ('leased', 'running')) is true offset 0) q
    left join executor_class_registry c on c.class = q.class
  ), ending as materialized (
    select h.*,
           case
             when h.cancel_requested_at is not null and h.asked <> 'succeed' then 'cancel'
             when h.asked = 'retry'  and (h.attempt >= h.max_attempts or h.policy -> 'permanent_codes' ? (h.error ->> 'code')) then 'dead_letter'
             when h.asked = 'rescue' and h.crash_count + 1 >= (h.policy ->> 'max_crashes')::integer then 'dead_letter'
             else h.asked
           end as word
    from held h
  ), ended as (
    insert into job_history (job_id, fence, ended_at, enqueued_at, class, word, state, attempt, max_attempts, crash_count, priority, lease_id, leased_at,
                             module_sha256, span_id, idempotency_key, output, reason, error, usage, requests, log_tail)
    select e.id, e.fence, v_now, e.enqueued_at, e.class, e.word, case e.word when 'succeed' then 'succeeded' when 'cancel' then 'cancelled' end, e.attempt,
           e.max_attempts, e.crash_count + (e.asked = 'rescue')::integer, e.priority, e.lease_id, e.leased_at,
           e.module_sha256, e.span_id, e.idempotency_key, case e.word when 'succeed' then e.output end,
           case e.word when 'cancel' then coalesce(e.cancel_reason, 'cancelled by its host') end, e.error, e.usage, e.requests, e.log_tail
    from ending e
  ), counted as (
    insert into job_count_delta (class, word, from_state, to_state, jobs)
    select e.class, e.word, 'leased', case e.word when 'succeed' then 'succeeded' when 'cancel' then 'cancelled' when 'dead_letter' then 'dead_lettered'
                                                 when 'retry' then 'retry_wait' when 'park' then 'waiting' else 'ready' end, count(*)
    from ending e group by e.class, e.word
  ), gone as (
    delete from job_queue q where q.id = any (array(select e.id from ending e where e.word in ('succeed', 'cancel', 'dead_letter')))
  ), back as (
    -- A job that is given back, rescued or parked has not used up its attempt.
    update job_queue q
    set state = case e.word when 'retry' then 'retry_wait' when 'park' then 'waiting' else 'ready' end,
        run_at = case when e.word = 'retry' then v_now + lessee.fn_retry_delay(e.policy, e.attempt, e.retry_after_ms) else v_now end,
        attempt = case when e.word = 'retry' then q.attempt else q.attempt - 1 end,
        crash_count = q.crash_count + (e.word = 'rescue')::integer,
        lease_id = null, leased_at = null, started_at = null, overdue_at = null
    from ending e
    where q.id = any (array(select b.id from ending b where b.word in ('retry', 'park', 'release', 'rescue'))) and e.id = q.id
  ), buried as (
    insert into job_dead_letter (job_id, class, dead_at, enqueued_at, attempt, max_attempts, crash_count, priority, fence, error, attempts, payload,
                                 idempotency_key, trace_id, parent_span_id, sampled, tracestate, correlation_id)
    select e.id, e.class, v_now, e.enqueued_at, e.attempt, e.max_attempts, e.crash_count + (e.asked = 'rescue')::integer, e.priority, e.fence,
           coalesce(e.error, jsonb_build_object('code', 'unknown', 'message', 'no error was given')),
           coalesce((select jsonb_agg(to_jsonb(t) order by t.fence) from job_attempt t where t.job_id = e.id), '[]') || to_jsonb(a), -- this one is not in the view yet
           p.payload, e.idempotency_key, p.trace_id, p.parent_span_id, p.sampled, p.tracestate, p.correlation_id
    from ending e
    cross join lateral (select * from job_payload p where p.job_id = e.id and p.enqueued_at = e.enqueued_at offset 0) p
    cross join lateral (
      select e.id as job_id, e.fence, e.attempt, e.class, e.word, e.lease_id, e.module_sha256, e.leased_at, v_now as ended_at, e.error, e.usage, e.requests,
             e.log_tail, p.trace_id, p.parent_span_id, e.span_id, p.sampled, p.tracestate, p.correlation_id
    ) a
    where e.word = 'dead_letter'
  ), keyed as materialized (
    select e.retention, i.key_row
    from ending e
    cross join lateral (select i.ctid as key_row from job_idempotency i where i.class = e.class and i.key = e.idempotency_key and i.job_id = e.id for update offset 0) i
    where e.word in ('succeed', 'cancel', 'dead_letter') and e.idempotency_key is not null
  ), freed as (
    update job_idempotency i set expires_at = v_now + k.retention
    from keyed k
    where i.ctid = any (array(select f.key_row from keyed f)) and k.key_row = i.ctid
  )
  select e.id, e.fence, e.word from ending e;
end
$$;
comment on function lessee.fn_job_end(lessee.job_ending[]) is 'ends grants: succeed, retry, dead_letter, park, release, rescue, cancel';
