-- What a host has to say of its attempts, in one transaction, with a verdict
-- per job, in the order of the outcomes. p_outcomes is an array of
-- lessee.job_outcome as JSON objects; word is one of succeed, retry,
-- dead_letter, park, release, cancel.
--
-- Verdicts: accepted; changed (the law decided otherwise: state, code and
-- message say what and why); stale (the job is not this lease's any more:
-- nothing of the outcome was written). An outcome that is sent again because
-- the answer to it was lost is recognised by its span_id and accepted again.
-- Two outcomes of one grant in one call count as one; which, is not said.
--
-- What succeeded and asks for nothing goes the short way (fn_job_succeed), the
-- rest is decided one by one. A failing command or an output that breaks its
-- schema undoes the effects of that job alone. A caller that sets
-- statement_timeout sends jobs with commands one at a time: after it fires,
-- nothing else bounds the statement. And it says SET CONSTRAINTS ALL IMMEDIATE
-- first, so that a deferred constraint fails the command that broke it, not the
-- transaction at its end. That is not said here, because servers before 18 run
-- deferred triggers as whoever says it.
create or replace function lessee.fn_job_commit(p_lease bigint, p_outcomes jsonb)
returns table (job_id bigint, fence integer, verdict text, state text, code text, message text)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
#variable_conflict use_column
declare
  v_live boolean := lessee.fn_lease_live(p_lease);
  v_ids bigint[];
  v_fences integer[];
  v_endings job_ending[];
begin
  if v_live then
    select array(select o.jobs[p] from unnest(s.places) p), array(select o.fences[p] from unnest(s.places) p) into v_ids, v_fences
    from (
      select array_agg(o.job_id) as jobs, array_agg(o.fence) as fences, array_agg(o.attempt) as attempts, array_agg(o.span_id) as spans,
             array_agg(o.module_sha256) as modules, array_agg(o.output) as outputs, array_agg(o.usage) as usages, array_agg(o.requests) as requests, array_agg(null::timestamptz) as leased
      from (
        select o.* from jsonb_populate_recordset(null::job_outcome, p_outcomes) o
        where o.word = 'succeed' and num_nonnulls(o.commands, o.enqueue, o.events, o.error, o.log_tail) = 0
        order by o.job_id
      ) o
    ) o
    cross join lateral lessee.fn_job_succeed(p_lease, o.jobs, o.fences, o.attempts, o.spans, o.modules, o.outputs, o.usages, o.requests, o.leased) s
    where o.jobs is not null;
  end if;

  if v_live and coalesce(cardinality(v_ids), 0) < jsonb_array_length(p_outcomes) then
    perform lessee.fn_grant_write(array(select r.job_id from jsonb_populate_recordset(null::job_outcome, p_outcomes) r where r.fence = 1 and r.attempt = 1), p_lease);
  end if;

  -- The locks are taken in the order of ids, so that no two commits wait for each other.
  select array_agg(lessee.fn_job_decide(s.job, s.class, s.outcome)) into v_endings
  from (
    select o.outcome, q.job, c as class
    from (
      select distinct on (r.job_id, r.fence, r.attempt) r as outcome
      from jsonb_populate_recordset(null::job_outcome, p_outcomes) r
      order by r.job_id, r.fence, r.attempt
    ) o
    cross join lateral ( -- by the primary key, whatever the statistics say
      select h as job from job_queue h
      where h.id = (o.outcome).job_id
        and (h.fence = (o.outcome).fence and h.attempt = (o.outcome).attempt and h.lease_id = p_lease and h.state in ('leased', 'running')) is true
      for update
    ) q
    join executor_class_registry c on c.class = (q.job).class
    where v_live
  ) s;

  return query
  with applied as materialized (
    select e.job_id, e.fence, e.word, d.error
    from lessee.fn_job_end(v_endings) e
    join unnest(v_endings) d on d.job_id = e.job_id and d.fence = e.fence
    union all
    select u.id, u.fence, 'succeed', null
    from unnest(v_ids, v_fences) as u(id, fence)
    union all -- one or the other: what was ended before is not held now
    select o.job_id, o.fence, t.word, t.error
    from (select distinct r.job_id, r.fence, r.span_id from jsonb_populate_recordset(null::job_outcome, p_outcomes) r) o
    cross join lateral (
      select t.word, t.error from job_history t
      where t.job_id = o.job_id and (t.fence = o.fence and t.span_id = o.span_id and t.lease_id = p_lease) is true
      offset 0
    ) t
    where not exists (select from unnest(v_ids, v_fences) as u(id, fence) where u.id = o.job_id and u.fence = o.fence)
  )
  select o.job_id, o.fence,
         case when a.word is null then 'stale' when a.word = o.word then 'accepted' else 'changed' end,
         case a.word when 'succeed' then 'succeeded' when 'retry' then 'retry_wait' when 'dead_letter' then 'dead_lettered'
                     when 'park' then 'waiting' when 'cancel' then 'cancelled' when 'release' then 'ready' end,
         case when a.word is null and not v_live then 'lease_lost' when a.word is null then 'not_held' else a.error ->> 'code' end,
         case when a.word is null and not v_live then format('lease %s has ended', p_lease)
              when a.word is null then format('lease %s does not hold job %s with fence %s', p_lease, o.job_id, o.fence)
              else a.error ->> 'message' end
  from jsonb_populate_recordset(null::job_outcome, p_outcomes) with ordinality o
  left join applied a on a.job_id = o.job_id and a.fence = o.fence
  order by o.ordinality;

  if exists (select from unnest(v_endings) e where e.word = 'release') then
    perform lessee.fn_wake();
  end if;
end
$$;
comment on function lessee.fn_job_commit(bigint, jsonb) is 'commits outcomes under the fence, with a verdict per job';
grant execute on function lessee.fn_job_commit(bigint, jsonb) to lessee_host;
