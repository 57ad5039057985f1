-- The secret bindings, for fn_registry_snapshot; disabled ones too, because
-- hosts guard their values all the same.
create or replace function lessee.fn_secret_snapshot()
returns jsonb
language sql stable
set search_path = pg_catalog, lessee, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
      'name', s.name,
      'source', s.source,
      'reference', s.reference,
      'hosts', s.hosts,
      'header', s.header,
      'format', s.format,
      'enabled', s.enabled) order by s.name), '[]')
    from lessee.secret_binding s;
$$;
comment on function lessee.fn_secret_snapshot() is 'the secret bindings, without values';
