-- Trigger of signing_key_registry: a key is the public key it was registered
-- as, for ever, under the id that is in it.
create or replace function lessee.fn_signing_key_check()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_id    text := lessee.fn_minisign_key_id(new.public_key, 42);
  v_error text;
begin
  v_error := case
    when v_id is null or new.public_key !~ '^RW[0-9A-Za-z+/]{54}$'
      then 'public_key must be the second line of a minisign .pub file, 56 characters that begin with RW'
    when new.key_id <> v_id then format('the id in the public key is %s', v_id)
    when tg_op = 'UPDATE' and (new.key_id, new.public_key) <> (old.key_id, old.public_key)
      then 'a key keeps its id and its public key, because signatures refer to it; disable it and register another one'
    when new.owner = '' or new.reason = '' then 'a key needs an owner and a reason'
  end;
  if v_error is not null then
    raise exception 'key %: %', coalesce(new.key_id, v_id, '?'), v_error using errcode = 'check_violation';
  end if;
  new.key_id := v_id;
  new.updated_at := clock_timestamp();
  new.updated_by := session_user;
  return new;
end
$$;
comment on function lessee.fn_signing_key_check() is 'keeps registered keys what they are';
create or replace trigger signing_key_check before insert or update on lessee.signing_key_registry
  for each row execute function lessee.fn_signing_key_check();
