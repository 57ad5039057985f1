-- Why a class can't run on a module, by what the module says of itself: null,
-- or one sentence. What it wants must be granted, and the config must be what
-- it takes. A module without a manifest says nothing.
create or replace function lessee.fn_manifest_error(p_sha256 text, p_grants jsonb, p_config jsonb)
returns text
language plpgsql stable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_module text;
  v_manifest jsonb;
  v_error text;
begin
  select format('module %s@%s', m.name, m.version), m.manifest into v_module, v_manifest
  from executor_module_registry m where m.sha256 = p_sha256;
  if v_manifest is null then
    return null;
  elsif v_manifest ? 'fault' then -- see fn_module_report
    return format('%s is refused: %s', v_module, v_manifest ->> 'fault');
  end if;

  select string_agg(format('grants.%s %s', w.kind, w.name), ', ' order by w.kind, w.name) into v_error
  from (
    select k.kind, n.name from unnest(array['classes', 'commands', 'events']) as k(kind), jsonb_array_elements_text(v_manifest -> 'wants' -> k.kind) as n(name)
    where not coalesce(p_grants -> k.kind ? n.name, false)
    union all
    select 'http', '(any)' where v_manifest -> 'wants' -> 'http' = 'true' and coalesce(jsonb_array_length(p_grants -> 'http'), 0) = 0
  ) w;
  if v_error is not null then
    return format('%s wants %s, which the class does not grant; grant it, or point the class at a module that does without', v_module, v_error);
  end if;

  -- Every reading of the registry comes by here: one module must not make it slow.
  v_error := lessee.fn_json_schema_error(v_manifest #> '{schemas,config}', p_config, 10000);
  if v_error is not null then
    return format('the config breaks the schema of %s: %s; lessee module show prints the schema', v_module, v_error);
  end if;
  return null;
end
$$;
comment on function lessee.fn_manifest_error(text, jsonb, jsonb) is 'why a class can''t run on a module, by its manifest, or null';
