-- Makes the partitions of a table for today and the days to come
-- (history.partitions_ahead), and drops those whose retention is over
-- (history.retention_days). One call makes or drops one, so that no lock is held
-- while another is waited for; call again while a row says created or dropped.
-- The other rows say what was left and why: later calls try again.
--
-- One caller at a time, and no fn_job_replay meanwhile, which could come to need
-- the payload that is just being dropped.
--
-- p_scan: how many bytes a default partition may have for a new partition to be
-- made in passing; see fn_history_add.
create or replace function lessee.fn_history_maintain(p_table text, p_scan bigint default 134217728)
returns table (act text, name text, why text)
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_today constant date := (clock_timestamp() at time zone 'UTC')::date;
  v_partition record;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'maintenance must see what is committed meanwhile, which % does not', current_setting('transaction_isolation')
      using errcode = 'LS409', hint = 'Call it in a transaction that is read committed.';
  end if;
  if not pg_try_advisory_xact_lock(hashtext('lessee.fn_history_maintain')) then
    return query select 'left', p_table, 'another maintenance, or a replay, is under way';
    return;
  end if;
  for v_partition in
    select d.day::date, p_table || to_char(d.day, '_YYYYMMDD') as name
    from generate_series(v_today::timestamp, v_today + lessee.fn_setting('history.partitions_ahead')::integer, interval '1 day') as d(day)
    where not exists (
      select from lessee.fn_history_partitions() p
      where p.parent = p_table and p.since <= d.day at time zone 'UTC' and p.until > d.day at time zone 'UTC')
    order by d.day
  loop
    name := v_partition.name;
    why := lessee.fn_history_add(p_table, v_partition.day, p_scan);
    act := case when why is null then 'created' else 'left' end;
    return next;
    if act = 'created' then
      return;
    end if;
    exit when why ~ '^in use'; -- it will be so for the next one, too
  end loop;
  for v_partition in
    select p.name, p.needed_by from lessee.fn_history_partitions() p where p.parent = p_table and p.goes_at <= clock_timestamp() order by p.until
  loop
    name := v_partition.name;
    why := coalesce('needed by ' || v_partition.needed_by, lessee.fn_history_drop(p_table, name));
    act := case when why is null then 'dropped' else 'left' end;
    return next;
    if act = 'dropped' then
      return;
    end if;
    exit when why ~ '^in use';
  end loop;
end
$$;
comment on function lessee.fn_history_maintain(text, bigint) is 'makes and drops the partitions of a table';
grant execute on function lessee.fn_history_maintain(text, bigint) to lessee_host, lessee_operator;
