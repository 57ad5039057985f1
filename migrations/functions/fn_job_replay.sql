-- Word replay: dead_lettered -> ready, with as many further attempts as the
-- class gives a new job. The dead letter stays as the record of what happened.
-- The job goes back whole or not at all: if another job has taken its
-- idempotency key meanwhile, the replay is refused and nothing is lost.
-- False: it is not dead-lettered.
create or replace function lessee.fn_job_replay(p_id bigint, p_reason text)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_dead job_dead_letter;
  v_class executor_class_registry;
  v_now timestamptz := lessee.fn_queue_now();
begin
  -- What payloads are needed must not change while fn_history_maintain drops those that are not.
  perform pg_advisory_xact_lock_shared(hashtext('lessee.fn_history_maintain'));
  update job_dead_letter d
  set replayed_at = v_now, replayed_by = session_user, replay_reason = coalesce(nullif(p_reason, ''), 'no reason given')
  where d.job_id = p_id and d.replayed_at is null
  returning * into v_dead;
  if not found then
    perform lessee.fn_job_state(p_id);
    return false;
  end if;
  select * into v_class from executor_class_registry c where c.class = v_dead.class;

  if v_dead.idempotency_key is not null then
    insert into job_idempotency as i (class, key, job_id) values (v_dead.class, v_dead.idempotency_key, p_id)
    on conflict (class, key) do update set job_id = p_id, expires_at = null where i.job_id = p_id or i.expires_at <= v_now;
    if not found then
      raise exception 'job % can''t be replayed: job % has taken its idempotency key %', p_id,
        (select i.job_id from job_idempotency i where i.class = v_dead.class and i.key = v_dead.idempotency_key), v_dead.idempotency_key
        using errcode = 'LS409', hint = 'Wait until that job and its retention are over, or leave this one.';
    end if;
  end if;
  insert into job_queue (id, class, state, priority, run_at, attempt, max_attempts, crash_count, fence, enqueued_at, expires_at, idempotency_key)
  overriding system value
  values (p_id, v_dead.class, 'ready', v_dead.priority, v_now, v_dead.attempt,
          v_dead.attempt + ((lessee.fn_default_retry_policy() || coalesce(v_class.retry_policy, '{}')) ->> 'max_attempts')::integer,
          0, v_dead.fence, v_dead.enqueued_at, v_now + v_class.expires_after, v_dead.idempotency_key);
  insert into job_count_delta (class, word, from_state, to_state, jobs) values (v_dead.class, 'replay', 'dead_lettered', 'ready', 1);
  insert into job_payload (job_id, enqueued_at, payload, enqueued_by, trace_id, parent_span_id, sampled, tracestate, correlation_id)
  values (p_id, v_dead.enqueued_at, v_dead.payload, session_user, v_dead.trace_id, v_dead.parent_span_id, v_dead.sampled, v_dead.tracestate, v_dead.correlation_id)
  on conflict do nothing;
  perform lessee.fn_wake();
  return true;
end
$$;
comment on function lessee.fn_job_replay(bigint, text) is 'word replay: dead_lettered -> ready';
grant execute on function lessee.fn_job_replay(bigint, text) to lessee_operator;
