-- What is wrong with the process column of a class: null, or one sentence.
-- Absent keys take the host's defaults, which docs/operating.md lists.
create or replace function lessee.fn_process_error(p_process jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_key text;
  v_value jsonb;
  v_least numeric;
  v_most numeric;
begin
  if jsonb_typeof(p_process) is distinct from 'object' then
    return 'process must be a JSON object';
  end if;
  for v_key, v_value in select key, value from jsonb_each(p_process) loop
    if v_key in ('env', 'secrets') then
      if jsonb_typeof(v_value) <> 'object' or jsonb_path_exists(v_value, '$.* ? (@.type() <> "string")') then
        return format('process.%s must be an object of strings', v_key);
      end if;
      continue;
    end if;
    if v_key = 'network' then
      if jsonb_typeof(v_value) <> 'boolean' then
        return 'process.network must be true or false';
      end if;
      continue;
    end if;
    select r.least, r.most into v_least, v_most
    from (values ('pool', 1, 1000), ('jobs_per_process', 0, 1000000000), ('idle_timeout_ms', 0, 86400000),
                 ('start_timeout_ms', 100, 600000), ('stop_timeout_ms', 0, 600000), ('cpus', 0.01, 1024),
                 ('pids', 1, 100000), ('files', 16, 1000000), ('file_bytes', 0, 1099511627776)) r (key, least, most)
    where r.key = v_key;
    if not found then
      return format('process.%s is unknown; the keys are env, secrets, network, pool, jobs_per_process, idle_timeout_ms, start_timeout_ms, stop_timeout_ms, cpus, pids, files, file_bytes', v_key);
    end if;
    if jsonb_typeof(v_value) <> 'number' or (v_key <> 'cpus' and v_value::numeric <> trunc(v_value::numeric)) or v_value::numeric not between v_least and v_most then
      return format('process.%s is %s; it must be a %s from %s to %s', v_key, v_value, case v_key when 'cpus' then 'number' else 'whole number' end, v_least, v_most);
    end if;
  end loop;
  return (
    select format('process.%s: %L can''t be the name of a variable, or is the host''s own to set', k.kind, n.name)
    from (values ('env'), ('secrets')) k (kind), jsonb_object_keys(coalesce(p_process -> k.kind, '{}')) n (name)
    where n.name !~ '^[A-Za-z_][A-Za-z0-9_]*$' or n.name ~ '^(PLUGIN|LESSEE|LD)_' or n.name = 'TMPDIR' limit 1);
end
$$;
comment on function lessee.fn_process_error(jsonb) is 'what is wrong with the process of a class, or null';
grant execute on function lessee.fn_process_error(jsonb) to lessee_operator;
