-- The state of a job, or LS404 when there is no such job.
create or replace function lessee.fn_job_state(p_id bigint)
returns text
language plpgsql stable security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_state text;
begin
  select j.state into v_state from lessee.job j where j.id = p_id;
  if not found then
    raise exception 'job % is not known', p_id using errcode = 'LS404', hint = 'lessee job list shows jobs; old ones leave with retention.';
  end if;
  return v_state;
end
$$;
comment on function lessee.fn_job_state(bigint) is 'state of a job';
grant execute on function lessee.fn_job_state(bigint) to lessee_producer, lessee_operator, lessee_reader;
