-- Accepts many jobs, all or none, in the caller's transaction. p_jobs is an
-- array of {class, payload, key, run_at, priority, traceparent, tracestate,
-- correlation_id}; only class is needed. Returns a row per element, in order:
-- its id, and whether it is new or an earlier job with the same key.
-- Errors are those of fn_job_enqueue, with the element's index before them; an
-- unknown field is one of them, because a misspelt key would be lost in silence.
create or replace function lessee.fn_job_enqueue_bulk(p_jobs jsonb)
returns table (ordinal integer, job_id bigint, created boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_fields constant text[] := array['class', 'payload', 'key', 'run_at', 'priority', 'traceparent', 'tracestate', 'correlation_id'];
  v_job jsonb;
  v_unknown text;
  v_hint text;
  v_ids bigint[]; -- by place; null: not inserted yet
begin
  if jsonb_typeof(p_jobs) is distinct from 'array' then
    raise exception 'p_jobs must be a JSON array of jobs' using errcode = 'invalid_parameter_value';
  end if;
  begin
    v_ids := lessee.fn_job_insert_plain(p_jobs);
  exception when data_exception then -- the loop below says of which element
  end;
  if array_position(v_ids, null) is null and v_ids is not null then
    perform lessee.fn_wake();
    return query select u.place::integer - 1, u.id, true from unnest(v_ids) with ordinality as u(id, place);
    return;
  end if;
  ordinal := -1;
  for v_job in select e.value from jsonb_array_elements(p_jobs) with ordinality e order by e.ordinality loop
    ordinal := ordinal + 1;
    if v_ids[ordinal + 1] is not null then
      job_id := v_ids[ordinal + 1];
      created := true;
      return next;
      continue;
    end if;
    if jsonb_typeof(v_job) <> 'object' then
      raise exception 'the job is %; it must be an object', jsonb_typeof(v_job) using errcode = 'invalid_parameter_value';
    end if;
    select k into v_unknown from jsonb_object_keys(v_job) k where k <> all (v_fields) limit 1;
    if found then
      raise exception 'field % is unknown; the fields are %', quote_literal(v_unknown), array_to_string(v_fields, ', ') using errcode = 'invalid_parameter_value';
    end if;
    select i.job_id, i.created into job_id, created
    from jsonb_to_record(v_job) as r(class text, key text, run_at timestamptz, priority integer, traceparent text, tracestate text, correlation_id text),
         lessee.fn_job_insert(r.class, coalesce(v_job -> 'payload', '{}'), r.key, r.run_at, r.priority, r.traceparent, r.tracestate, r.correlation_id, null) i;
    return next;
  end loop;
  perform lessee.fn_wake();
exception when others then -- one handler, not one for each job: a thousand subtransactions would slow every reader
  if ordinal is null or sqlstate !~ '^(LS|22)' then
    raise;
  end if;
  get stacked diagnostics v_hint = pg_exception_hint;
  raise exception 'jobs[%]: %', ordinal, sqlerrm using errcode = sqlstate, hint = v_hint;
end
$$;
comment on function lessee.fn_job_enqueue_bulk(jsonb) is 'accepts many jobs in the caller''s transaction';
grant execute on function lessee.fn_job_enqueue_bulk(jsonb) to lessee_producer, lessee_operator;
