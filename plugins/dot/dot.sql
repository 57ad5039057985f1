-- The executor class dot: a registered Postgres function in place of a module.
-- It is the shipped example of runtime command, and of a command's own rights:
-- role dot may read the view lessee.job, and nothing else.
--
-- Run it as a login that may migrate; run it again, and nothing changes.
-- Gone again with: delete the class and the command, drop schema dot cascade,
-- drop owned by dot, drop role dot.
begin;

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'dot') then
    begin
      create role dot nologin;
    exception when duplicate_object or unique_violation then
      null; -- another database of this server was quicker
    end;
  end if;
  if not pg_catalog.pg_has_role(current_user, 'dot',
         case when pg_catalog.current_setting('server_version_num')::integer < 160000 then 'member' else 'set' end) then
    execute pg_catalog.format('grant dot to %I', current_user);
  end if;
end
$$;
create schema if not exists dot authorization dot;

set local role lessee_owner;
grant usage on schema lessee to dot;
grant select on lessee.job to dot;

set local role dot;
-- How the jobs of one class stand: {"class": "render"} ->
-- {"class": "render", "jobs": 7, "states": {"succeeded": 7}, "output_bytes": 81234}
create or replace function dot.summary(p_args jsonb)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_class constant text := p_args ->> 'class';
begin
  if v_class is null then
    raise exception 'args need a class: {"class": "render"}' using errcode = 'invalid_parameter_value';
  end if;
  return (
    select jsonb_build_object(
      'class', v_class,
      'jobs', coalesce(sum(s.jobs), 0),
      'states', coalesce(jsonb_object_agg(s.state, s.jobs) filter (where s.state is not null), '{}'),
      'output_bytes', coalesce(sum(s.bytes), 0))
    from (
      select j.state, count(*) as jobs, sum(octet_length(j.output #>> '{}')) as bytes
      from lessee.job j where j.class = v_class group by j.state
    ) s);
end
$$;
comment on function dot.summary(jsonb) is 'how the jobs of one class stand';
revoke all on function dot.summary(jsonb) from public;
grant usage on schema dot to lessee_owner; -- who calls it; it runs as dot all the same
grant execute on function dot.summary(jsonb) to lessee_owner;

set local role lessee_owner;
insert into lessee.dot_function_registry (name, function, role, owner, reason, exit_path)
values ('summary', 'dot.summary(jsonb)', 'dot', 'lessee', 'shipped: the example of runtime command', 'disable the class dot, then delete both rows')
on conflict (name) do update set function = excluded.function, role = excluded.role
where dot_function_registry.function <> excluded.function;

commit;
