-- Tells idle hosts that something is ready. Postgres folds equal notifications
-- of one transaction into one.
create or replace function lessee.fn_wake()
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  if lessee.fn_setting('queue.notify.enabled') = 'true' then
    perform pg_notify('lessee_wake', '');
  end if;
end
$$;
comment on function lessee.fn_wake() is 'wakes idle hosts';
