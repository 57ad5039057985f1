-- Trigger of module_signature: the text of a .minisig file under the id of the
-- key that is in it, for ever.
create or replace function lessee.fn_module_signature_check()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_id text := lessee.fn_minisign_key_id(split_part(new.signature, e'\n', 2), 74);
begin
  if tg_op = 'UPDATE' then
    raise exception 'the signature of module % by key % is immutable; sign with another key', old.sha256, old.key_id
      using errcode = 'check_violation';
  elsif v_id is null or new.signature !~ '^untrusted comment: [^\n]*\n[^\n]+\ntrusted comment: [^\n]*\n[^\n]+\s*$' then
    raise exception 'signature of module %: it must be the text of a minisign .minisig file', new.sha256
      using errcode = 'check_violation';
  elsif new.key_id <> v_id then
    raise exception 'signature of module % by key %: the id in the signature is %', new.sha256, new.key_id, v_id
      using errcode = 'check_violation';
  end if;
  new.key_id := v_id;
  new.added_at := clock_timestamp();
  new.added_by := session_user;
  return new;
end
$$;
comment on function lessee.fn_module_signature_check() is 'keeps signatures what they are';
create or replace trigger module_signature_check before insert or update on lessee.module_signature
  for each row execute function lessee.fn_module_signature_check();
