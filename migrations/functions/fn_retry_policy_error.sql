-- What is wrong with a class's retry policy: null, or one sentence.
create or replace function lessee.fn_retry_policy_error(p_policy jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_key text;
  v_value jsonb;
begin
  if jsonb_typeof(p_policy) is distinct from 'object' then
    return 'retry_policy must be a JSON object';
  end if;
  for v_key, v_value in select key, value from jsonb_each(p_policy) loop
    if not lessee.fn_default_retry_policy() ? v_key then
      return format('retry_policy.%s is unknown; the keys are %s', v_key,
        (select string_agg(k, ', ' order by k) from jsonb_object_keys(lessee.fn_default_retry_policy()) k));
    end if;
    if v_key = 'permanent_codes' then
      if jsonb_typeof(v_value) <> 'array' or jsonb_path_exists(v_value, '$[*] ? (@.type() <> "string")') then
        return 'retry_policy.permanent_codes must be an array of strings';
      end if;
    elsif jsonb_typeof(v_value) <> 'number' or v_value::numeric < 0 then
      return format('retry_policy.%s is %s; it must be a number, not negative', v_key, v_value);
    end if;
  end loop;
  p_policy := lessee.fn_default_retry_policy() || p_policy;
  return case
    when (p_policy ->> 'max_attempts')::numeric not between 1 and 1000 or (p_policy ->> 'max_attempts')::numeric % 1 <> 0
      then 'retry_policy.max_attempts must be a whole number from 1 to 1000'
    when (p_policy ->> 'max_crashes')::numeric not between 1 and 1000 or (p_policy ->> 'max_crashes')::numeric % 1 <> 0
      then 'retry_policy.max_crashes must be a whole number from 1 to 1000'
    when (p_policy ->> 'base_ms')::numeric > 86400000 then 'retry_policy.base_ms must be at most 86400000 (a day)'
    when (p_policy ->> 'cap_ms')::numeric > 2592000000 then 'retry_policy.cap_ms must be at most 2592000000 (30 days)'
    when (p_policy ->> 'factor')::numeric not between 1 and 100 then 'retry_policy.factor must be from 1 to 100'
    when (p_policy ->> 'jitter')::numeric > 1 then 'retry_policy.jitter must be from 0 to 1'
  end;
end
$$;
comment on function lessee.fn_retry_policy_error(jsonb) is 'what is wrong with a retry policy, or null';
grant execute on function lessee.fn_retry_policy_error(jsonb) to lessee_operator;
