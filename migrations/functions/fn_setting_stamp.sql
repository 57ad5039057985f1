-- Trigger of runtime_setting: who changed it and when. Hosts are told by fn_registry_touch.
create or replace function lessee.fn_setting_stamp()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  new.updated_at := clock_timestamp();
  new.updated_by := session_user;
  return new;
end
$$;
comment on function lessee.fn_setting_stamp() is 'stamps a changed setting';
create or replace trigger setting_stamp before update on lessee.runtime_setting
  for each row execute function lessee.fn_setting_stamp();
