-- Gives a table the partition of a day. Null: done; else why it was left.
--
-- ATTACH locks the default partition and looks through it, and it must hold no
-- row of that day. So days get their partition ahead; few rows are moved; a day
-- with many stays in the default, and so does a day to come while the default
-- is too big (p_scan bytes) to be looked through under a lock.
--
-- An INSERT that has chosen the default partition just before would fail, so
-- that of today and tomorrow waits: the lock on the parent lets it choose anew.
create or replace function lessee.fn_history_add(p_table text, p_day date, p_scan bigint)
returns text
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
set lock_timeout = '50ms'
as $$
declare
  v_other constant text := p_table || '_other';
  v_name constant text := p_table || '_' || to_char(p_day, 'YYYYMMDD');
  v_since constant text := to_char(p_day, 'YYYY-MM-DD"T00:00Z"');
  v_until constant text := to_char(p_day + 1, 'YYYY-MM-DD"T00:00Z"');
  v_current constant boolean := p_day <= (clock_timestamp() at time zone 'UTC')::date + 1;
  v_key constant text := (select a.attname from pg_partitioned_table t join pg_attribute a on a.attrelid = t.partrelid and a.attnum = t.partattrs[0]
                          where t.partrelid = to_regclass('lessee.' || quote_ident(p_table)));
  v_few constant integer := 10000;
  v_rows integer;
  v_who text;
begin
  if pg_relation_size(to_regclass('lessee.' || quote_ident(v_other))) > p_scan then
    return format('the default partition %s is too big to be looked through in passing; in a quiet hour: lessee history maintain --patient', v_other);
  end if;
  v_who := lessee.fn_table_await(case when v_current then array[p_table, v_other] else array[v_other] end);
  if v_who is not null then
    return 'in use by ' || v_who;
  end if;
  if v_current then
    execute format('lock table only lessee.%I in share row exclusive mode', p_table);
  end if;
  execute format('lock table only lessee.%I in access exclusive mode', v_other);
  execute format('select count(*) from (select from lessee.%1$I where %2$I >= %3$L and %2$I < %4$L limit %5$s) r', v_other, v_key, v_since, v_until, v_few + 1) into v_rows;
  if v_rows > v_few then
    raise exception 'the default partition % holds more than % rows of that day; it keeps them', v_other, v_few using errcode = 'LS409';
  end if;

  -- A day is frozen as it grows, by the million, or never: it is dropped before that matters.
  execute format('create table lessee.%I (like lessee.%I including all excluding identity) '
    'with (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000, autovacuum_freeze_min_age = 0)', v_name, p_table);
  if v_rows > 0 then
    execute format('with moved as (delete from lessee.%1$I where %2$I >= %3$L and %2$I < %4$L returning *) insert into lessee.%5$I select * from moved',
                   v_other, v_key, v_since, v_until, v_name);
  end if;
  execute format('alter table lessee.%I attach partition lessee.%I for values from (%L) to (%L)', p_table, v_name, v_since, v_until);
  return null;
exception -- takes the locks back
  when sqlstate 'LS409' then
    return sqlerrm;
  when lock_not_available or deadlock_detected then
    return coalesce('in use by ' || (select min(u.who) from lessee.fn_table_users(array[p_table, v_other]) u), 'in use');
  when duplicate_table then
    return format('there is a table lessee.%s that is no partition; attach it, or rename it', v_name);
end
$$;
comment on function lessee.fn_history_add(text, date, bigint) is 'gives a table the partition of a day';
