-- Does what a result asks for: the class's own command, listed commands,
-- follow-ups, events; then holds the output against the result schema of the
-- class and the one in the manifest of the module that ran; null: it has none, so
-- the class's grants are all that counts.
-- Returns the output. Runs in a subtransaction of fn_job_commit: an error
-- undoes all of it. Errors carry a code in DETAIL, as fn_job_commit expects.
create or replace function lessee.fn_job_effects(p_job lessee.job_queue, p_class lessee.executor_class_registry, p_outcome lessee.job_outcome, p_manifest jsonb)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_limits jsonb := lessee.fn_default_limits() || p_class.limits;
  v_trace job_payload;
  v_output jsonb := p_outcome.output;
  v_item record;
  v_errors text;
  v_wants jsonb := p_manifest -> 'wants';
begin
  if jsonb_array_length(p_outcome.commands) > (v_limits ->> 'commands')::integer
     or jsonb_array_length(p_outcome.enqueue) > (v_limits ->> 'follow_ups')::integer
     or jsonb_array_length(p_outcome.events) > (v_limits ->> 'events')::integer then
    perform lessee.fn_fail('limit_effects', format('the result lists %s commands, %s follow-ups and %s events; class %s takes at most %s, %s and %s',
      coalesce(jsonb_array_length(p_outcome.commands), 0), coalesce(jsonb_array_length(p_outcome.enqueue), 0), coalesce(jsonb_array_length(p_outcome.events), 0),
      p_class.class, v_limits ->> 'commands', v_limits ->> 'follow_ups', v_limits ->> 'events'));
  end if;

  select * into v_trace from job_payload p where p.job_id = p_job.id and p.enqueued_at = p_job.enqueued_at;
  if p_class.runtime = 'command' then
    v_output := lessee.fn_command_run(p_job, p_outcome.span_id, v_trace.trace_id, p_class.command, v_trace.payload);
    if octet_length(v_output::text) > (v_limits ->> 'output_bytes')::bigint then
      perform lessee.fn_fail('limit_output', format('command %s returned %s bytes; class %s takes at most %s',
        p_class.command, octet_length(v_output::text), p_class.class, v_limits ->> 'output_bytes'));
    end if;
  end if;

  for v_item in select c.name, coalesce(c.args, '{}') as args from jsonb_to_recordset(p_outcome.commands) as c(name text, args jsonb) loop
    if not coalesce(p_class.grants -> 'commands' ? v_item.name, false) then
      perform lessee.fn_fail('not_granted', format('class %s may not run command %s; add it to grants.commands', p_class.class, v_item.name));
    end if;
    if v_wants is not null and not coalesce(v_wants -> 'commands' ? v_item.name, false) then
      perform lessee.fn_fail('not_granted', format('the module does not want command %s by its manifest, so no grant of it counts; add it to wants.commands there', v_item.name));
    end if;
    perform lessee.fn_command_run(p_job, p_outcome.span_id, v_trace.trace_id, v_item.name, v_item.args);
  end loop;

  for v_item in
    select e.*, coalesce(j.value -> 'payload', '{}') as payload -- a payload of JSON null is one, too
    from jsonb_array_elements(p_outcome.enqueue) j, jsonb_to_record(j.value) as e(class text, priority integer, run_at timestamptz, idempotency_key text)
  loop
    if not coalesce(p_class.grants -> 'classes' ? v_item.class, false) then
      perform lessee.fn_fail('not_granted', format('class %s may not enqueue class %s; add it to grants.classes', p_class.class, v_item.class));
    end if;
    if v_wants is not null and not coalesce(v_wants -> 'classes' ? v_item.class, false) then
      perform lessee.fn_fail('not_granted', format('the module does not want to enqueue class %s by its manifest, so no grant of it counts; add it to wants.classes there', v_item.class));
    end if;
    perform lessee.fn_job_insert(v_item.class, v_item.payload, v_item.idempotency_key, v_item.run_at, v_item.priority,
      format('00-%s-%s-%s', v_trace.trace_id, p_outcome.span_id, case when v_trace.sampled then '01' else '00' end),
      v_trace.tracestate, v_trace.correlation_id, p_job.id);
    perform lessee.fn_wake();
  end loop;

  for v_item in select e.type from jsonb_to_recordset(p_outcome.events) as e(type text) limit 1 loop
    perform lessee.fn_fail('not_registered', format('event type %s is not registered; this version has no event types yet', v_item.type));
  end loop;

  if p_class.result_schema is not null and p_outcome.word = 'succeed' then
    v_errors := lessee.fn_json_schema_error(p_class.result_schema, v_output);
    if v_errors is not null then
      perform lessee.fn_fail('result_schema', format('the output breaks the result schema of class %s: %s', p_class.class, v_errors));
    end if;
  end if;
  if p_manifest #> '{schemas,output}' is not null and p_outcome.word = 'succeed' then
    v_errors := lessee.fn_json_schema_error(p_manifest #> '{schemas,output}', v_output);
    if v_errors is not null then
      perform lessee.fn_fail('result_schema', format('the output breaks the schema of module %s, which made it: %s',
        (select m.name || '@' || m.version from executor_module_registry m where m.sha256 = p_outcome.module_sha256), v_errors));
    end if;
  end if;
  return v_output;
end
$$;
comment on function lessee.fn_job_effects(lessee.job_queue, lessee.executor_class_registry, lessee.job_outcome, jsonb) is 'does what a result asks for';
