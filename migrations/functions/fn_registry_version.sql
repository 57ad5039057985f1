-- The registry's version; a host compares it with that of its snapshot.
create or replace function lessee.fn_registry_version()
returns bigint
language sql stable security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  select v.version from lessee.registry_version v;
$$;
comment on function lessee.fn_registry_version() is 'grows with every change of the registry';
grant execute on function lessee.fn_registry_version() to lessee_host, lessee_operator, lessee_reader;
