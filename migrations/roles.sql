-- Runs before every migration, by the migrating user; changes nothing when all is in place.
-- Roles belong to the whole cluster, so another database may have made them, perhaps just now.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['lessee_owner', 'lessee_host', 'lessee_producer', 'lessee_operator', 'lessee_reader']
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      begin
        execute pg_catalog.format('create role %I nologin', v_role);
      exception when duplicate_object or unique_violation then
        null; -- another migration was quicker
      end;
    end if;
  end loop;

  -- Postgres 16 makes the maker of a role a member who may grant it, but not SET ROLE to it; take that too.
  if not pg_catalog.pg_has_role(current_user, 'lessee_owner',
         case when pg_catalog.current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end) then
    execute pg_catalog.format('grant lessee_owner to %I', current_user);
  end if;

  if not exists (select from pg_catalog.pg_namespace where nspname = 'lessee') then
    create schema lessee authorization lessee_owner;
  end if;
  grant usage on schema lessee to lessee_host, lessee_producer, lessee_operator, lessee_reader;
end
$$;
