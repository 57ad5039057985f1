-- One outcome becomes one ending: its effects are done, or it becomes the
-- failure that doing them met. For fn_job_commit.
create or replace function lessee.fn_job_decide(p_job lessee.job_queue, p_class lessee.executor_class_registry, p_outcome lessee.job_outcome)
returns lessee.job_ending
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_ending job_ending;
  v_started timestamptz := clock_timestamp();
  v_timeout interval := current_setting('statement_timeout')::interval;
  v_detail text;
  v_name text;
  v_args text;
  v_manifest jsonb; -- of the module that ran
begin
  if p_outcome.span_id !~ '^[0-9a-f]{16}$' or coalesce(p_outcome.span_id, repeat('0', 16)) = repeat('0', 16) then
    p_outcome.span_id := substr(replace(gen_random_uuid()::text, '-', ''), 1, 16); -- one host's slip must not fail the batch
  end if;
  v_ending := row(p_job.id, p_job.fence, p_job.lease_id, p_outcome.word, p_outcome.output, p_outcome.error, p_outcome.retry_after_ms,
                  p_outcome.usage, p_outcome.requests, p_outcome.log_tail, p_outcome.span_id, p_outcome.module_sha256);
  if p_outcome.word is null or p_outcome.word not in ('succeed', 'retry', 'dead_letter', 'park', 'release', 'cancel') then
    v_ending.word := 'retry';
    v_ending.error := jsonb_build_object('code', 'host_error', 'message', format('the host reported the word %s, which is none of an attempt', coalesce(quote_literal(p_outcome.word), 'null')));
    return v_ending;
  end if;
  if p_outcome.word not in ('succeed', 'park')
     or p_outcome.word = 'park' and p_job.cancel_requested_at is not null then -- becomes a cancel, which has no effects
    return v_ending;
  end if;
  if p_outcome.module_sha256 is not null then
    select m.manifest into v_manifest from executor_module_registry m where m.sha256 = p_outcome.module_sha256;
  end if;
  if p_class.runtime <> 'command' and p_class.result_schema is null and v_manifest #> '{schemas,output}' is null
     and coalesce(p_outcome.commands, p_outcome.enqueue, p_outcome.events) is null then
    return v_ending; -- nothing to do that could fail
  end if;
  begin
    v_ending.output := lessee.fn_job_effects(p_job, p_class, p_outcome, v_manifest);
    return v_ending;
  exception
    when query_canceled then
      -- A person or a shutdown cancels the whole commit; only our own timeout fails the job.
      if v_timeout = '0' or clock_timestamp() - statement_timestamp() < v_timeout * 0.9 then
        raise;
      end if;
      get stacked diagnostics v_name = pg_exception_hint, v_args = column_name;
      v_ending.error := jsonb_build_object('code', 'command_timeout', 'message', format('the commands took longer than %s', current_setting('statement_timeout')));
    when sqlstate 'LS001' then
      get stacked diagnostics v_detail = pg_exception_detail;
      v_ending.error := jsonb_build_object('code', v_detail, 'message', sqlerrm);
    when sqlstate 'LS002' then
      get stacked diagnostics v_detail = pg_exception_detail, v_name = pg_exception_hint, v_args = column_name;
      v_ending.error := jsonb_build_object('code', 'command_failed', 'message', sqlerrm, 'detail', jsonb_build_object('sqlstate', v_detail));
    when others then -- follow-ups refused by fn_job_insert, and what nobody foresaw
      v_ending.error := jsonb_build_object(
        'code', case when sqlstate = 'LS404' then 'not_registered' when sqlstate = 'LS413' then 'limit_input' when sqlstate = 'LS422' then 'payload_invalid'
                     when sqlstate like '22%' then 'result_invalid' else 'host_error' end,
        'message', sqlerrm, 'detail', jsonb_build_object('sqlstate', sqlstate));
  end;
  if v_name <> '' then
    perform lessee.fn_command_failed(p_job, p_outcome.span_id, v_name, v_args::jsonb, v_ending.error, v_started);
  end if;
  v_ending.output := null;
  v_ending.word := 'retry'; -- or dead_letter, if the policy calls the code permanent: fn_job_end knows
  return v_ending;
end
$$;
comment on function lessee.fn_job_decide(lessee.job_queue, lessee.executor_class_registry, lessee.job_outcome) is 'one outcome becomes one ending';
