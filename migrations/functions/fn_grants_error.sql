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
    if v_key not in ('classes', 'commands', 'events', 'http') then
      return format('grants.%s is unknown; the grants are classes, commands, events, http', v_key);
    end if;
    if v_key <> 'http' and (jsonb_typeof(v_value) <> 'array' or jsonb_path_exists(v_value, '$[*] ? (@.type() <> "string")')) then
      return format('grants.%s must be an array of names', v_key);
    end if;
  end loop;
  if p_grants ? 'http' and (jsonb_typeof(p_grants -> 'http') <> 'array' or jsonb_array_length(p_grants -> 'http') > 100) then
    return 'grants.http must be an array of at most 100 objects';
  end if;
  return (select format('grants.http[%s]: %s', e.n - 1, lessee.fn_http_grant_error(e.value))
            from jsonb_array_elements(p_grants -> 'http') with ordinality e (value, n)
           where lessee.fn_http_grant_error(e.value) is not null order by e.n limit 1);
end
$$;
comment on function lessee.fn_grants_error(jsonb) is 'what is wrong with grants, or null';
grant execute on function lessee.fn_grants_error(jsonb) to lessee_operator;
