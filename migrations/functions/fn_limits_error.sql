-- What is wrong with a class's limits: null, or one sentence.
create or replace function lessee.fn_limits_error(p_limits jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_key text;
  v_value jsonb;
begin
  if jsonb_typeof(p_limits) is distinct from 'object' then
    return 'limits must be a JSON object';
  end if;
  for v_key, v_value in select key, value from jsonb_each(p_limits) loop
    if not lessee.fn_default_limits() ? v_key then
      return format('limits.%s is unknown; the limits are %s', v_key,
        (select string_agg(k, ', ' order by k) from jsonb_object_keys(lessee.fn_default_limits()) k));
    end if;
    if jsonb_typeof(v_value) <> 'number' or v_value::numeric <> trunc(v_value::numeric) or v_value::numeric < 0 then
      return format('limits.%s is %s; it must be a whole number, not negative', v_key, v_value);
    end if;
  end loop;
  p_limits := lessee.fn_default_limits() || p_limits;
  return case
    when (p_limits ->> 'wall_ms')::numeric not between 1 and 86400000 then 'limits.wall_ms must be from 1 to 86400000 (a day)'
    when (p_limits ->> 'memory_bytes')::numeric not between 65536 and 4294967296 then 'limits.memory_bytes must be from 65536 (a page) to 4294967296 (4 GiB)'
    when (p_limits ->> 'fuel')::numeric not between 1 and 1000000000000000 then 'limits.fuel must be from 1 to 1000000000000000'
    when (p_limits ->> 'stack_bytes')::numeric not between 65536 and 33554432 then 'limits.stack_bytes must be from 65536 to 33554432 (32 MiB)'
    when (p_limits ->> 'host_calls')::numeric > 1000000000 then 'limits.host_calls must be at most 1000000000'
    when (p_limits ->> 'input_bytes')::numeric > 67108864 then 'limits.input_bytes must be at most 67108864 (64 MiB)'
    when (p_limits ->> 'output_bytes')::numeric not between 1 and 67108864 then 'limits.output_bytes must be from 1 to 67108864 (64 MiB)'
    when (p_limits ->> 'log_bytes')::numeric > 67108864 then 'limits.log_bytes must be at most 67108864 (64 MiB)'
    when greatest((p_limits ->> 'events')::numeric, (p_limits ->> 'follow_ups')::numeric, (p_limits ->> 'commands')::numeric) > 10000
      then 'limits.events, limits.follow_ups and limits.commands must be at most 10000'
    when (p_limits ->> 'command_ms')::numeric not between 1 and 600000 then 'limits.command_ms must be from 1 to 600000 (ten minutes)'
    when (p_limits ->> 'http_calls')::numeric > 100000 then 'limits.http_calls must be at most 100000'
    when (p_limits ->> 'http_bytes')::numeric > 1073741824 then 'limits.http_bytes must be at most 1073741824 (1 GiB)'
  end;
end
$$;
comment on function lessee.fn_limits_error(jsonb) is 'what is wrong with limits, or null';
grant execute on function lessee.fn_limits_error(jsonb) to lessee_operator;
