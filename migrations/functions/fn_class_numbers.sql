-- A JSON object with its numbers in their shortest form, 3.0 as 3: whoever
-- reads a limit as a whole number must not stumble over how it was written.
create or replace function lessee.fn_class_numbers(p_object jsonb)
returns jsonb
language sql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
  select coalesce(jsonb_object_agg(e.key, case when jsonb_typeof(e.value) = 'number' then to_jsonb(trim_scale(e.value::numeric)) else e.value end), '{}')
  from jsonb_each(p_object) e;
$$;
comment on function lessee.fn_class_numbers(jsonb) is 'an object with its numbers in their shortest form';
