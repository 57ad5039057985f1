-- The value of a runtime_setting row.
create or replace function lessee.fn_setting(p_name text)
returns jsonb
language sql stable security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  select s.value from lessee.runtime_setting s where s.name = p_name;
$$;
comment on function lessee.fn_setting(text) is 'value of a runtime setting';
grant execute on function lessee.fn_setting(text) to lessee_host, lessee_operator, lessee_reader;
