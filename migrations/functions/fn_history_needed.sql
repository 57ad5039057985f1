-- The days, before the one given, on which jobs were enqueued whose payload is
-- still needed: because the job lives, or because its history is kept.
create or replace function lessee.fn_history_needed(p_before timestamptz)
returns table (at_day timestamptz, needed_by text)
language sql stable strict
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- a few pages of the history tell, by job_history_ended
set jit = off
as $$
  select date_trunc('day', q.enqueued_at, 'UTC'), 'live job ' || min(q.id) from lessee.job_queue q where q.enqueued_at < p_before group by 1
  union all
  select date_trunc('day', h.enqueued_at, 'UTC'), 'the history of job ' || min(h.job_id) from lessee.job_history h where h.enqueued_at < p_before group by 1;
$$;
comment on function lessee.fn_history_needed(timestamptz) is 'days whose payloads are needed';
