-- Waits, without a place in the queue for any lock, until the transactions that
-- use the tables now have ended. Null: they have, so a lock on the tables will
-- be had at once; else who has not after the patience of a quarter of a second.
--
-- Whoever asks for the lock of a DROP and has to wait for a reader makes all who
-- come later wait for him, commits too. So nobody asks before the readers are gone.
create or replace function lessee.fn_table_await(p_tables text[])
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_until timestamptz := clock_timestamp() + interval '250 milliseconds';
  v_seen text[] := array(select u.xact from lessee.fn_table_users(p_tables) u);
  v_who text;
begin
  loop
    v_who := (select u.who from lessee.fn_table_users(p_tables) u where u.xact = any (v_seen) limit 1);
    exit when v_who is null or clock_timestamp() > v_until;
    perform pg_sleep(0.01);
  end loop;
  return v_who;
end
$$;
comment on function lessee.fn_table_await(text[]) is 'waits until those who use tables have ended';
grant execute on function lessee.fn_table_await(text[]) to lessee_operator, lessee_reader;
