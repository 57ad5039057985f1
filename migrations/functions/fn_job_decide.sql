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
  v_detail text;
  v_hint text;
begin
  v_ending := row(p_job.id, p_job.fence, p_job.lease_id, p_outcome.word, p_outcome.output, p_outcome.error, p_outcome.retry_after_ms,
                  p_outcome.usage, p_outcome.log_tail, p_outcome.span_id, p_outcome.module_sha256);
  if p_outcome.word not in ('succeed', 'park') or (p_class.runtime <> 'command' and p_class.result_schema is null
      and coalesce(p_outcome.commands, p_outcome.enqueue, p_outcome.events) is null) then
    return v_ending; -- nothing to do that could fail
  end if;
  begin
    v_ending.output := lessee.fn_job_effects(p_job, p_class, p_outcome);
    return v_ending;
  exception
    when query_canceled then
      -- A person or a shutdown cancels the whole commit; only our own timeout fails the job.
      if clock_timestamp() - v_started < current_setting('statement_timeout')::interval * 0.9 or current_setting('statement_timeout') = '0' then
        raise;
      end if;
      v_ending.error := jsonb_build_object('code', 'command_timeout', 'message', format('the commands took longer than %s', current_setting('statement_timeout')));
      perform lessee.fn_command_failed(p_job, p_class, p_outcome, coalesce(p_class.command, p_outcome.commands -> 0 ->> 'name'), v_ending.error, v_started);
    when sqlstate 'LS001' then
      get stacked diagnostics v_detail = pg_exception_detail;
      v_ending.error := jsonb_build_object('code', v_detail, 'message', sqlerrm);
    when sqlstate 'LS002' then
      get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
      v_ending.error := jsonb_build_object('code', 'command_failed', 'message', sqlerrm, 'detail', jsonb_build_object('sqlstate', v_detail));
      perform lessee.fn_command_failed(p_job, p_class, p_outcome, v_hint, v_ending.error, v_started);
    when others then -- follow-ups refused by fn_job_insert, and what nobody foresaw
      v_ending.error := jsonb_build_object(
        'code', case sqlstate when 'LS404' then 'not_registered' when 'LS413' then 'limit_input' when 'LS422' then 'payload_invalid'
                              when '22023' then 'result_invalid' else 'host_error' end,
        'message', sqlerrm, 'detail', jsonb_build_object('sqlstate', sqlstate));
  end;
  v_ending.output := null;
  v_ending.word := case when (lessee.fn_default_retry_policy() || p_class.retry_policy) -> 'permanent_codes' ? (v_ending.error ->> 'code')
                        then 'dead_letter' else 'retry' end;
  return v_ending;
end
$$;
comment on function lessee.fn_job_decide(lessee.job_queue, lessee.executor_class_registry, lessee.job_outcome) is 'one outcome becomes one ending';
