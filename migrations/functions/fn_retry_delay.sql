-- How long a failed job waits: the executor's own wish if it named one, else
-- base * factor^(attempt-1) up to the cap, spread by the jitter either way.
create or replace function lessee.fn_retry_delay(p_policy jsonb, p_attempt integer, p_retry_after_ms bigint)
returns interval
language sql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
  select interval '1 millisecond' * case
    when p_retry_after_ms > 0 then least(p_retry_after_ms, 2592000000) -- 30 days
    else least((p_policy ->> 'cap_ms')::float8,
               (p_policy ->> 'base_ms')::float8 * power((p_policy ->> 'factor')::float8, least(p_attempt - 1, 150)))
         * (1 + (p_policy ->> 'jitter')::float8 * (2 * random() - 1))
  end;
$$;
comment on function lessee.fn_retry_delay(jsonb, integer, bigint) is 'how long a failed job waits';
