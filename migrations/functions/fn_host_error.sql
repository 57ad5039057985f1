-- What is wrong with a host that a grant or a binding names: null, or one
-- sentence. A host is a name in lower case, "*." before a name for its
-- subdomains, or an address in its plain form.
create or replace function lessee.fn_host_error(p_host text)
returns text
language plpgsql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_name text := regexp_replace(p_host, '^\*\.', '');
  v_wild boolean := v_name <> p_host;
begin
  if coalesce(p_host, '') = '' then
    return 'a host is a name, "*." and a name for its subdomains, or an address';
  end if;
  if p_host ~ ':' or v_name ~ '(^|\.)(\d+|0x[0-9a-f]*)$' then
    if v_wild or p_host !~ '^[0-9a-f:.]+$' or p_host ~ '(^|\.)0\d' or (p_host !~ ':' and p_host !~ '^\d+(\.\d+){3}$') then
      return format('host %s is no address; write it plainly, as 192.0.2.1 or 2001:db8::1', p_host);
    end if;
    begin
      perform p_host::inet;
      return null;
    exception when invalid_text_representation then
      return format('host %s is no address; write it plainly, as 192.0.2.1 or 2001:db8::1', p_host);
    end;
  end if;
  return case
    when length(v_name) > 253 or v_name !~ '^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$'
      then format('host %s is no name; write it in lower case and ASCII (xn--…), without port or path', p_host)
    when v_wild and v_name !~ '\.' then format('host %s is too wide; after "*." comes a name of at least two labels', p_host)
  end;
end
$$;
comment on function lessee.fn_host_error(text) is 'what is wrong with a host, or null';
grant execute on function lessee.fn_host_error(text) to lessee_operator;
