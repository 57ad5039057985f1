-- The moment at which a job becomes ready: its run_at, and so its place in the
-- queue. The transaction has its id before the clock is read, so that whoever
-- sees that every transaction up to an id has ended knows that no job with an
-- earlier run_at can still turn up; see fn_queue_front.
create or replace function lessee.fn_queue_now()
returns timestamptz
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  perform pg_current_xact_id();
  return clock_timestamp();
end
$$;
comment on function lessee.fn_queue_now() is 'the moment at which a job becomes ready';
