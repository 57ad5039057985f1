-- What a module wants by its manifest and a class does not grant: null, or one
-- sentence. A module without a manifest wants nothing that could be told.
create or replace function lessee.fn_wants_error(p_sha256 text, p_grants jsonb)
returns text
language sql stable
set search_path = pg_catalog, lessee, pg_temp
as $$
  select format('module %s@%s wants %s, which the class does not grant; grant it, or point the class at a module that does without',
                min(m.name), min(m.version), string_agg(format('grants.%s %s', w.kind, w.name), ', ' order by w.kind, w.name))
  from executor_module_registry m
  cross join lateral (
    select k.kind, n.name from unnest(array['classes', 'commands', 'events']) as k(kind), jsonb_array_elements_text(m.manifest -> 'wants' -> k.kind) as n(name)
    where not coalesce(p_grants -> k.kind ? n.name, false)
    union all
    select 'http', '(any)' where m.manifest -> 'wants' -> 'http' = 'true' and coalesce(jsonb_array_length(p_grants -> 'http'), 0) = 0
  ) w
  where m.sha256 = p_sha256
  having count(*) > 0;
$$;
comment on function lessee.fn_wants_error(text, jsonb) is 'what a module wants and a class does not grant, or null';
