-- What fn_json_schema_errors finds, in one line for a message: null when the
-- value is valid, or there is no schema.
create or replace function lessee.fn_json_schema_error(p_schema jsonb, p_value jsonb, p_steps int default 250000)
returns text
language sql stable
set search_path = pg_catalog, lessee, pg_temp
as $$
  select string_agg(format('%s %s', coalesce(nullif(e.pointer, ''), '(root)'), e.message), '; ')
  from lessee.fn_json_schema_errors(p_schema, p_value, 10, p_steps) e;
$$;
comment on function lessee.fn_json_schema_error(jsonb, jsonb, int) is 'what is wrong with a JSON value under a JSON Schema, in one line';
