-- Raises a failure of a job: SQLSTATE LS001, the code in DETAIL.
create or replace function lessee.fn_fail(p_code text, p_message text)
returns void
language plpgsql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  raise exception '%', p_message using errcode = 'LS001', detail = p_code;
end
$$;
comment on function lessee.fn_fail(text, text) is 'raises a failure of a job';
