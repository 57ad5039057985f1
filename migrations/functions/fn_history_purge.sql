-- Deletes rows whose retention is over and that no partition takes along, at
-- most p_max of each kind: leases that have ended and hold no job, with their
-- heartbeats; dead letters that were replayed; rows of default partitions.
-- Nulls: maintenance, or a replay, is under way.
create or replace function lessee.fn_history_purge(p_max integer, out leases integer, out dead_letters integer, out unpartitioned integer)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_before constant timestamptz := clock_timestamp() - make_interval(days => lessee.fn_setting('history.retention_days')::integer);
  v_rows integer;
begin
  if not pg_try_advisory_xact_lock(hashtext('lessee.fn_history_maintain')) then
    return;
  end if;
  with over as materialized (
    select l.lease_id from dot_iu_runtime_lease l
    where l.ended_at < v_before - interval '2 days' -- the history that names it is gone
      and not exists (select from job_grant g where g.lease_id = l.lease_id)
      and not exists (select from queue_heartbeat h where h.lease_id = l.lease_id and h.held <> '{}')
    limit p_max
  ), silent as (
    delete from queue_heartbeat h using over o where h.lease_id = o.lease_id
  )
  delete from dot_iu_runtime_lease l using over o where l.lease_id = o.lease_id;
  get diagnostics leases = row_count;

  delete from job_dead_letter d where d.dead_letter_id = any (array(select o.dead_letter_id from job_dead_letter o where o.replayed_at < v_before limit p_max));
  get diagnostics dead_letters = row_count;

  delete from job_history_other d where d.ctid = any (array(select o.ctid from job_history_other o where o.ended_at < v_before limit p_max));
  get diagnostics unpartitioned = row_count;
  delete from dot_iu_command_run_other d where d.ctid = any (array(select o.ctid from dot_iu_command_run_other o where o.ended_at < v_before limit p_max));
  get diagnostics v_rows = row_count;
  unpartitioned := unpartitioned + v_rows;
  delete from job_payload_other d
  where d.ctid = any (array(
    select o.ctid from job_payload_other o
    where o.enqueued_at < v_before
      and not exists (select from job_queue q where q.id = o.job_id)
      and not exists (select from job_history h where h.job_id = o.job_id)
    limit p_max));
  get diagnostics v_rows = row_count;
  unpartitioned := unpartitioned + v_rows;
end
$$;
comment on function lessee.fn_history_purge(integer) is 'deletes rows whose retention is over';
grant execute on function lessee.fn_history_purge(integer) to lessee_host, lessee_operator;
