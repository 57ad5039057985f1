-- Why a function can't serve as a command: null, or the sentence that mends it.
-- Asked when it is registered and again before each run, because its owner can
-- change it in between: made SECURITY INVOKER, it would run as lessee_owner.
create or replace function lessee.fn_command_error(p_function oid, p_role text)
returns text
language plpgsql stable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_function pg_proc;
  v_owner pg_roles;
begin
  select * into v_function from pg_proc p where p.oid = p_function;
  if not found then
    return 'the function does not exist';
  end if;
  select * into v_owner from pg_roles r where r.oid = v_function.proowner;
  return case
    when v_function.prokind <> 'f' or v_function.pronargs <> 1 or v_function.proargtypes[0] <> 'jsonb'::regtype
         or v_function.prorettype <> 'jsonb'::regtype or v_function.proretset
      then 'the function must take one jsonb and return jsonb'
    when not v_function.prosecdef then 'the function must be SECURITY DEFINER, so that it runs under its own role'
    when not exists (select from unnest(v_function.proconfig) c where c like 'search_path=%')
      then 'the function must fix its search_path: ALTER FUNCTION … SET search_path = …'
    when v_owner.rolname <> p_role then format('the function is owned by %s, the row says %s; ALTER FUNCTION … OWNER TO %s', v_owner.rolname, p_role, p_role)
    when v_owner.rolsuper then 'the function''s owner is a superuser; give it a role of its own'
    when v_owner.rolname like 'lessee\_%' then format('role %s is one of Lessee''s own; give the function a role of its own', v_owner.rolname)
    when pg_has_role(v_owner.oid, 'lessee_owner', 'member')
      then format('role %s is a member of lessee_owner, and so could change the law; REVOKE lessee_owner FROM %s', v_owner.rolname, v_owner.rolname)
    when not has_function_privilege('lessee_owner', p_function, 'execute')
      then format('GRANT EXECUTE ON FUNCTION %s TO lessee_owner', p_function::regprocedure)
    when not has_schema_privilege('lessee_owner', v_function.pronamespace, 'usage')
      then format('GRANT USAGE ON SCHEMA %s TO lessee_owner', v_function.pronamespace::regnamespace)
  end;
end
$$;
comment on function lessee.fn_command_error(oid, text) is 'why a function can''t serve as a command, or null';
