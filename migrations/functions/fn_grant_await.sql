-- For words that take a ready job out of the line and are not a claim. The caller
-- has locked the rows, which no claim that comes now will take; those that are
-- under way may have listed them already. Waits for these, some milliseconds,
-- and writes their grants into the rows, so that these say whether a host holds
-- the job.
create or replace function lessee.fn_grant_await(p_jobs bigint[])
returns void
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
set enable_seqscan = off -- as in fn_job_succeed
set enable_bitmapscan = off
set jit = off
as $$
declare
  v_class text;
begin
  for v_class in
    select distinct q.class from job_queue q where q.id = any (p_jobs) and (q.state = 'ready' and q.fence = 0) is true
  loop
    -- At once given back: whoever calls may stay in his transaction for hours.
    perform pg_advisory_lock(hashtext('lessee.fn_job_claim'), hashtext(v_class)), pg_advisory_unlock(hashtext('lessee.fn_job_claim'), hashtext(v_class));
  end loop;
  perform lessee.fn_grant_write(p_jobs);
end
$$;
comment on function lessee.fn_grant_await(bigint[]) is 'waits for claims under way, and writes their grants';
