-- Trigger of dot_function_registry: a command is (jsonb) -> jsonb, SECURITY
-- DEFINER, with a fixed search_path, owned by the role it names. So Postgres
-- itself makes it run under that role, whoever calls it.
create or replace function lessee.fn_command_check()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_error text;
begin
  v_error := case when new.owner = '' or new.reason = '' then 'a command needs an owner and a reason'
             else lessee.fn_command_error(new.function, new.role) end;
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
