-- A host says goodbye. What it should have released and did not, the sweep rescues.
create or replace function lessee.fn_lease_close(p_lease bigint)
returns void
language sql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  select lessee.fn_lease_end(p_lease, 'closed');
$$;
comment on function lessee.fn_lease_close(bigint) is 'ends a lease in order';
grant execute on function lessee.fn_lease_close(bigint) to lessee_host;
