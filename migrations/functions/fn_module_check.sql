-- Trigger of executor_module_registry: a module is what it was registered as, for ever.
create or replace function lessee.fn_module_check()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  raise exception 'module %@% is immutable; register the new bytes under a new version', old.name, old.version
    using errcode = 'check_violation';
end
$$;
comment on function lessee.fn_module_check() is 'keeps registered modules immutable';
create or replace trigger module_check before update on lessee.executor_module_registry
  for each row execute function lessee.fn_module_check();
