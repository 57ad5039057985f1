-- Trigger of dot_function_registry: a command is (jsonb) -> jsonb, SECURITY
-- DEFINER, with a fixed search_path, owned by the role it names. So Postgres
-- itself makes it run under that role, whoever calls it.
create or replace function lessee.fn_command_check()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_function pg_proc;
  v_owner pg_roles;
  v_error text;
begin
  select * into v_function from pg_proc p where p.oid = new.function;
  select * into v_owner from pg_roles r where r.oid = v_function.proowner;
  v_error := case
    when new.owner = '' or new.reason = '' then 'a command needs an owner and a reason'
    when v_function.oid is null then 'the function does not exist'
    when pg_get_function_identity_arguments(new.function) !~ '^(\S+ )?jsonb$' or v_function.prorettype <> 'jsonb'::regtype or v_function.proretset
      then 'the function must take one jsonb and return jsonb'
    when not v_function.prosecdef then 'the function must be SECURITY DEFINER, so that it runs under its own role'
    when not exists (select from unnest(v_function.proconfig) c where c like 'search_path=%')
      then 'the function must fix its search_path: ALTER FUNCTION … SET search_path = …'
    when v_owner.rolname <> new.role then format('the function is owned by %s, the row says %s; ALTER FUNCTION … OWNER TO %s', v_owner.rolname, new.role, new.role)
    when v_owner.rolsuper then 'the function''s owner is a superuser; give it a role of its own'
    when v_owner.rolname like 'lessee\_%' then format('role %s is one of Lessee''s own; give the function a role of its own', v_owner.rolname)
    when not has_function_privilege('lessee_owner', new.function, 'execute')
      then format('GRANT EXECUTE ON FUNCTION %s TO lessee_owner', new.function)
  end;
  if v_error is not null then
    raise exception 'command %: %', new.name, v_error using errcode = 'check_violation';
  end if;
  new.updated_at := clock_timestamp();
  new.updated_by := session_user;
  return new;
end
$$;
comment on function lessee.fn_command_check() is 'refuses a command that would not run under its own role';
create or replace trigger command_check before insert or update on lessee.dot_function_registry
  for each row execute function lessee.fn_command_check();
