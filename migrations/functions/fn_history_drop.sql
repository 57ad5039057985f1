-- Drops a partition. Null: done; else why it was left. The lock on the parent
-- shuts out everybody, for a moment: it is asked for when it can be had at once.
create or replace function lessee.fn_history_drop(p_table text, p_partition text)
returns text
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
set lock_timeout = '50ms'
as $$
declare
  v_who text := lessee.fn_table_await(array[p_table, p_table || '_other', p_partition]);
begin
  if v_who is not null then
    return 'in use by ' || v_who;
  end if;
  execute format('lock table only lessee.%I in access exclusive mode', p_table);
  execute format('drop table lessee.%I', p_partition);
  return null;
exception
  when lock_not_available or deadlock_detected then
    return coalesce('in use by ' || (select min(u.who) from lessee.fn_table_users(array[p_table, p_table || '_other', p_partition]) u), 'in use');
  when dependent_objects_still_exist then
    return 'other objects depend on it';
end
$$;
comment on function lessee.fn_history_drop(text, text) is 'drops a partition';
