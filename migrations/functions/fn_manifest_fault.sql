-- Why a manifest can't be held to: null, or one sentence. A schema that
-- fn_json_schema_check does not know to enforce would be enforced in part, and
-- one of any size would make every enqueue read it.
create or replace function lessee.fn_manifest_fault(p_manifest jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_size integer := octet_length((p_manifest -> 'schemas')::text);
  v_name text;
  v_fault text;
begin
  if v_size > 65536 then
    return format('its manifest: the schemas have %s bytes, and may have 65536. Shorten them, and pack it into the module again', v_size);
  end if;
  for v_name in select k from jsonb_object_keys(p_manifest -> 'schemas') k order by k loop
    v_fault := lessee.fn_json_schema_check(p_manifest -> 'schemas' -> v_name);
    if v_fault is not null then
      return format('its manifest: schemas.%s: %s. Mend it, and pack it into the module again', v_name, v_fault);
    end if;
  end loop;
  return null;
end
$$;
comment on function lessee.fn_manifest_fault(jsonb) is 'why a manifest can''t be held to, or null';
