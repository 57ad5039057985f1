-- Tells idle hosts that something is ready, unless all were told within the last
-- five milliseconds: NOTIFY makes committing transactions wait for one another. A
-- host that was told looks again after some milliseconds and then at growing
-- distances, so that it finds what was committed without a word.
--
-- The moment until which hosts are awake is kept in a sequence, in microseconds,
-- because a sequence is shared, is written without a row lock, and leaves no
-- dead rows. A NOTIFY that is rolled back silences others no longer than that.
-- A claim says nothing here: its host is awake, but may not run what others wait for.
create or replace function lessee.fn_wake()
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_now bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  if pg_sequence_last_value('lessee.wake_moment') between v_now and v_now + 5000 then -- not beyond: a clock can be set back
    return;
  end if;
  if (select s.value from runtime_setting s where s.name = 'queue.notify.enabled') = 'true' then
    perform setval('lessee.wake_moment', v_now + 5000);
    perform pg_notify('lessee_wake', '');
  end if;
end
$$;
comment on function lessee.fn_wake() is 'wakes idle hosts';
