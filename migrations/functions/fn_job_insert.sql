-- The long way into job_queue: for what fn_job_enqueue and fn_job_insert_plain
-- leave to it (a schema, a key, what is to be refused), and for the follow-ups of
-- a commit. Callers call fn_wake. A run_at that is past is the present. Errors: see fn_job_enqueue.
create or replace function lessee.fn_job_insert(
  p_class text, p_payload jsonb, p_key text, p_run_at timestamptz, p_priority integer,
  p_traceparent text, p_tracestate text, p_correlation_id text, p_parent bigint,
  out job_id bigint, out created boolean)
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_class record; -- with its module's name, and the schema that has of payloads
  v_now timestamptz := clock_timestamp();
  v_error text;
  v_size bigint;
  v_limit bigint;
  v_first bigint;
  v_xact xid8;
  v_trace record;
begin
  select c.*, m.name || '@' || m.version as module, m.manifest #> '{schemas,payload}' as module_schema into v_class
  from executor_class_registry c
  left join executor_module_registry m on m.sha256 = coalesce(c.serving_sha256, c.module_sha256)
  where c.class = p_class;
  if not found then
    raise exception 'class % is not registered', quote_nullable(p_class)
      using errcode = 'LS404', hint = 'lessee class list shows what is.';
  end if;

  v_limit := (lessee.fn_default_limits() || v_class.limits) ->> 'input_bytes';
  v_size := octet_length(p_payload::text);
  if v_size is null then
    raise exception 'the payload is NULL; send a JSON value' using errcode = 'invalid_parameter_value';
  elsif v_size > v_limit then
    raise exception 'the payload is % bytes; class % takes at most %', v_size, p_class, v_limit
      using errcode = 'LS413', hint = 'Send a reference to the data, or raise limits.input_bytes of the class.';
  end if;
  if v_class.payload_schema is not null then
    v_error := lessee.fn_json_schema_error(v_class.payload_schema, p_payload);
    if v_error is not null then
      raise exception 'the payload breaks the schema of class %: %', p_class, v_error
        using errcode = 'LS422', hint = 'lessee class show prints the schema.';
    end if;
  end if;
  if v_class.module_schema is not null then
    v_error := lessee.fn_json_schema_error(v_class.module_schema, p_payload);
    if v_error is not null then
      raise exception 'the payload breaks the schema of module %, which runs class %: %', v_class.module, p_class, v_error
        using errcode = 'LS422', hint = 'lessee module show prints the schema.';
    end if;
  end if;
  if p_priority not between 0 and 1000 then
    raise exception 'priority is %; it must be from 0 (first) to 1000 (last)', p_priority using errcode = 'invalid_parameter_value';
  elsif octet_length(p_tracestate) > 512 or p_tracestate ~ '[^ -~]' then
    raise exception 'tracestate must be printable ASCII of at most 512 bytes' using errcode = 'invalid_parameter_value';
  elsif octet_length(p_correlation_id) > 256 then
    raise exception 'correlation_id must be at most 256 bytes' using errcode = 'invalid_parameter_value';
  elsif p_key = '' or octet_length(p_key) > 512 then
    raise exception 'the idempotency key must be from 1 to 512 bytes' using errcode = 'invalid_parameter_value';
  elsif not isfinite(p_run_at) then
    raise exception 'run_at must be a finite time' using errcode = 'invalid_parameter_value';
  end if;

  job_id := nextval('lessee.job_queue_id_seq');
  created := true;
  if p_key is not null then
    loop
      -- An enqueuer that only learns of an earlier job takes no lock on its key:
      -- the commit of that job would have to wait for the enqueuer's transaction.
      select i.job_id into v_first from job_idempotency i
      where i.class = p_class and i.key = p_key and (i.expires_at is null or i.expires_at > v_now);
      if found then
        job_id := v_first;
        created := false;
        return;
      end if;
      -- Of two concurrent transactions the second waits here for the first.
      insert into job_idempotency (class, key, job_id) values (p_class, p_key, fn_job_insert.job_id) on conflict do nothing;
      exit when found;
      update job_idempotency i set job_id = fn_job_insert.job_id, expires_at = null
      where i.class = p_class and i.key = p_key and i.expires_at <= v_now;
      exit when found;
    end loop;
  end if;

  v_trace := lessee.fn_traceparent_parse(p_traceparent);
  v_xact := pg_current_xact_id(); -- then the clock, as fn_queue_now says
  v_now := clock_timestamp();
  with queued as (
    insert into job_queue (id, class, state, priority, run_at, max_attempts, enqueued_at, expires_at, idempotency_key)
    overriding system value
    values (job_id, p_class,
            case when v_class.requires_approval then 'proposed' when p_run_at > v_now then 'scheduled' else 'ready' end,
            coalesce(p_priority, v_class.priority), greatest(p_run_at, v_now),
            ((lessee.fn_default_retry_policy() || v_class.retry_policy) ->> 'max_attempts')::integer,
            v_now, greatest(v_now, p_run_at) + v_class.expires_after, p_key)
    returning state
  ), kept as (
    insert into job_payload (job_id, enqueued_at, payload, enqueued_by, parent_job_id, trace_id, parent_span_id, sampled, tracestate, correlation_id)
    values (job_id, v_now, p_payload, session_user, p_parent, v_trace.trace_id, v_trace.parent_span_id, v_trace.sampled, p_tracestate, p_correlation_id)
  )
  insert into job_count_delta (class, word, to_state, jobs) select p_class, 'enqueue', q.state, 1 from queued q;
end
$$;
comment on function lessee.fn_job_insert(text, jsonb, text, timestamptz, integer, text, text, text, bigint) is 'the long way into job_queue';
