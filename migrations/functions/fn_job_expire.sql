-- Word expire: proposed, scheduled, ready, waiting, retry_wait -> expired, for
-- jobs past their expires_at that no host holds. Returns how many.
create or replace function lessee.fn_job_expire(p_max integer)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_from constant text[] := array['proposed', 'scheduled', 'ready', 'waiting', 'retry_wait'];
  v_now timestamptz := clock_timestamp(); -- a variable, so that the index bounds the scan
begin
  return lessee.fn_job_close(
    array(select q.id from job_queue q
          where q.expires_at <= v_now and q.state = any (v_from)
          order by q.expires_at limit p_max for update skip locked),
    v_from, 'expired', 'not done before it expired');
end
$$;
comment on function lessee.fn_job_expire(integer) is 'word expire';
grant execute on function lessee.fn_job_expire(integer) to lessee_host;
