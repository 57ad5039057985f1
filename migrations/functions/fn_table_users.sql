-- The transactions, but for the caller's own, that use a table at this moment.
create or replace function lessee.fn_table_users(p_tables text[])
returns table (xact text, who text)
language sql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
  select l.virtualtransaction, coalesce(format('pid %s, login %s, application %s', l.pid, a.usename, quote_literal(a.application_name)), 'a prepared transaction')
  from unnest(p_tables) t
  join pg_locks l on l.relation = to_regclass('lessee.' || quote_ident(t)) and l.granted and l.pid is distinct from pg_backend_pid()
                 and l.database = (select d.oid from pg_database d where d.datname = current_database())
  left join pg_stat_activity a on a.pid = l.pid;
$$;
comment on function lessee.fn_table_users(text[]) is 'transactions that use tables';
