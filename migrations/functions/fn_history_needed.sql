-- What still needs a payload of a partition, because it lives or its history is
-- kept: null, nothing does. The ids in the partition bound the walk over indexes.
create or replace function lessee.fn_history_needed(p_partition text, p_since timestamptz, p_until timestamptz)
returns text
language plpgsql stable
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  v_first bigint;
  v_last bigint;
  v_job bigint;
begin
  execute format('select min(p.job_id), max(p.job_id) from lessee.%I p', p_partition) into v_first, v_last;
  select q.id into v_job from job_queue q where q.id between v_first and v_last and q.enqueued_at >= p_since and q.enqueued_at < p_until limit 1;
  if found then
    return 'live job ' || v_job;
  end if;
  select h.job_id into v_job from job_history h where h.job_id between v_first and v_last and h.enqueued_at >= p_since and h.enqueued_at < p_until limit 1;
  return 'the history of job ' || v_job;
exception when undefined_table then
  return null; -- it has just gone
end
$$;
comment on function lessee.fn_history_needed(text, timestamptz, timestamptz) is 'what needs the payloads of a partition';
