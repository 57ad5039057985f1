-- Trigger of secret_binding: refuses a row that no host could use, with the
-- sentence that mends it, and stamps who changed it. Whether the value is there
-- is for each host to find out: lessee secret check.
create or replace function lessee.fn_secret_check()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_error text;
begin
  v_error := case
    when tg_op = 'UPDATE' and new.name <> old.name then 'a binding keeps its name, because grants refer to it; add another one'
    when new.owner = '' or new.reason = '' then 'a binding needs an owner and a reason'
    when new.source = 'env' and new.reference !~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$' then 'reference must be the name of a variable; the value itself never stands in a row'
    when new.source = 'env' and new.reference ~ '^LESSEE_' then 'variables that begin with LESSEE_ are the host''s own settings; use another one'
    when new.source = 'file' and (new.reference !~ '^/[^[:cntrl:]]+$' or length(new.reference) > 1000 or new.reference ~ '^/(proc|sys|dev)(/|$)') then 'reference must be the absolute path of a plain file'
    when new.source = 'systemd' and (new.reference !~ '^[A-Za-z0-9_.@:-]{1,255}$' or new.reference in ('.', '..')) then 'reference must be the name of a systemd credential, as LoadCredential= has it'
    when cardinality(new.hosts) = 0 then 'hosts is empty; name the hosts that may have the secret'
    when new.header !~ '^[A-Za-z0-9!#$%&''*+.^_`|~-]{1,100}$'
      or new.header ~* '^(host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|http2-settings|alt-used|traceparent|tracestate|proxy-.*)$'
      then format('header %s can''t carry a secret; use Authorization, or the header that the server asks for', new.header)
    when length(new.format) > 200 or new.format ~ '[[:cntrl:]]' or (new.format !~ '\{\}' and new.format !~ '\{base64\}')
      then 'format must hold {} where the secret goes, or {base64} for its base64, such as ''Bearer {}'''
    else (select lessee.fn_host_error(h) from unnest(new.hosts) h where lessee.fn_host_error(h) is not null limit 1)
  end;
  if v_error is not null then
    raise exception 'secret %: %', new.name, v_error using errcode = 'check_violation';
  end if;
  new.updated_at := clock_timestamp();
  new.updated_by := session_user;
  return new;
end
$$;
comment on function lessee.fn_secret_check() is 'refuses a secret binding that can''t work';
create or replace trigger secret_check before insert or update on lessee.secret_binding
  for each row execute function lessee.fn_secret_check();
