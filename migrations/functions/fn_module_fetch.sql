-- A module by digest: its bytes, or where they are. No row: not registered.
create or replace function lessee.fn_module_fetch(p_sha256 text)
returns table (name text, version text, abi text, bytes bytea, location text)
language sql stable security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  select m.name, m.version, m.abi, m.bytes, m.location from lessee.executor_module_registry m where m.sha256 = p_sha256;
$$;
comment on function lessee.fn_module_fetch(text) is 'a module''s bytes or location';
grant execute on function lessee.fn_module_fetch(text) to lessee_host, lessee_operator;
