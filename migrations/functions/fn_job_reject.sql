-- Word reject: proposed -> rejected. False: it was not proposed.
create or replace function lessee.fn_job_reject(p_id bigint, p_reason text)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  if lessee.fn_job_close(array[p_id], array['proposed'], 'rejected', p_reason) = 0 then
    perform lessee.fn_job_state(p_id);
    return false;
  end if;
  return true;
end
$$;
comment on function lessee.fn_job_reject(bigint, text) is 'word reject: proposed -> rejected';
grant execute on function lessee.fn_job_reject(bigint, text) to lessee_operator;
