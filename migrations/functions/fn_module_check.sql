-- Trigger of executor_module_registry: a module is what it was registered as,
-- for ever. Only what hosts find about it changes.
create or replace function lessee.fn_module_check()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  if (new.sha256, new.name, new.version, new.abi, new.location, new.size, new.added_by, new.added_at, new.reason, new.exit_path)
       is distinct from (old.sha256, old.name, old.version, old.abi, old.location, old.size, old.added_by, old.added_at, old.reason, old.exit_path)
     or octet_length(new.bytes) is distinct from octet_length(old.bytes) then -- others of that length break bytes_match_digest
    raise exception 'module %@% is immutable; register the new bytes under a new version', old.name, old.version
      using errcode = 'check_violation';
  end if;
  return new;
end
$$;
comment on function lessee.fn_module_check() is 'keeps registered modules immutable';
create or replace trigger module_check before update on lessee.executor_module_registry
  for each row execute function lessee.fn_module_check();
