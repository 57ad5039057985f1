-- What is in place: the newest migration, and the digest of each function's
-- file. A host compares it with its own before it works.
create or replace function lessee.fn_schema_version()
returns jsonb
language sql stable security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  select jsonb_build_object(
    'migration', (select max(m.version_id) from lessee.schema_migration m where m.is_applied),
    'functions', (select jsonb_object_agg(f.name, f.digest) from lessee.schema_function f));
$$;
comment on function lessee.fn_schema_version() is 'which migrations and functions are in place';
grant execute on function lessee.fn_schema_version() to lessee_host, lessee_producer, lessee_operator, lessee_reader;
