-- Tells idle hosts that something is ready, at most once in some milliseconds
-- over all sessions: NOTIFY makes committing transactions wait for one another.
-- This is the leading edge. The trailing one is the hosts': one that was woken
-- goes on looking for a while, at growing distances, and so finds what was
-- committed without a word meanwhile.
--
-- The moment of the last NOTIFY is kept in a sequence, in microseconds, because
-- a sequence is shared, is written without a row lock, and leaves no dead rows.
create or replace function lessee.fn_wake()
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_now bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  if (select abs(v_now - w.last_value) < 2000 from wake_moment w) then -- abs: a clock can be set back
    return;
  end if;
  if (select s.value from runtime_setting s where s.name = 'queue.notify.enabled') = 'true' then
    perform setval('lessee.wake_moment', v_now);
    perform pg_notify('lessee_wake', '');
  end if;
end
$$;
comment on function lessee.fn_wake() is 'wakes idle hosts';
