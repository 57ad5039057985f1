-- What is wrong with a class's grants: null, or one sentence.
create or replace function lessee.fn_grants_error(p_grants jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_key text;
  v_value jsonb;
begin
  if jsonb_typeof(p_grants) is distinct from 'object' then
    return 'grants must be a JSON object';
  end if;
  for v_key, v_value in select key, value from jsonb_each(p_grants) loop
    if v_key not in ('classes', 'commands', 'events') then
      return format('grants.%s is unknown; the grants are classes, commands, events', v_key);
    end if;
    if jsonb_typeof(v_value) <> 'array' or jsonb_path_exists(v_value, '$[*] ? (@.type() <> "string")') then
      return format('grants.%s must be an array of names', v_key);
    end if;
  end loop;
  return null;
end
$$;
comment on function lessee.fn_grants_error(jsonb) is 'what is wrong with grants, or null';
grant execute on function lessee.fn_grants_error(jsonb) to lessee_operator;
