-- Why a manifest can't be held to: null, or one sentence. A schema that
-- fn_json_schema_check does not know to enforce would be enforced in part, and
-- one beyond 64 KiB would make every enqueue read it.
create or replace function lessee.fn_manifest_fault(p_manifest jsonb)
returns text
language sql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
  select format('its manifest: schemas.%s: %s. Mend the schema, and pack the manifest into the module again', s.key, f.fault)
  from jsonb_each(p_manifest -> 'schemas') s
  cross join lateral (
    select case when octet_length(s.value::text) > 65536 then format('it has %s bytes, and may have 65536', octet_length(s.value::text))
                else lessee.fn_json_schema_check(s.value) end as fault
  ) f
  where f.fault is not null
  order by s.key
  limit 1;
$$;
comment on function lessee.fn_manifest_fault(jsonb) is 'why a manifest can''t be held to, or null';
