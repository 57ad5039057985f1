-- Whether a lease still entitles its host to write: not ended, not expired by
-- the database's clock of this very moment.
create or replace function lessee.fn_lease_live(p_lease bigint)
returns boolean
language plpgsql volatile -- which keeps its plan: in SQL this question cost more than what it lets through
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp(); -- a variable, so that the index bounds the scan to what no renewal has replaced long ago
begin
  return exists (select from lessee.dot_iu_runtime_lease l where -l.lease_id = -p_lease and l.ended_at is null and l.expires_at > v_now);
end
$$;
comment on function lessee.fn_lease_live(bigint) is 'whether a lease still entitles to write';
