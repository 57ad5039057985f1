-- Trigger of dot_iu_runtime_lease: keeps lease_unended.
create or replace function lessee.fn_lease_track()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  if new.ended_at is null then
    insert into lease_unended (lease_id) values (new.lease_id) on conflict do nothing;
  else
    delete from lease_unended u where u.lease_id = new.lease_id;
  end if;
  return null;
end
$$;
comment on function lessee.fn_lease_track() is 'keeps lease_unended';
create or replace trigger lease_track after insert or update of ended_at on lessee.dot_iu_runtime_lease
  for each row execute function lessee.fn_lease_track();
-- Leases that a host opened between the migration that made the table and this trigger.
insert into lessee.lease_unended select l.lease_id from lessee.dot_iu_runtime_lease l where l.ended_at is null on conflict do nothing;
