-- What is wrong with one entry of a class's http grants: null, or one sentence.
create or replace function lessee.fn_http_grant_error(p_grant jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_key text;
  v_net text;
begin
  if jsonb_typeof(p_grant) is distinct from 'object' then
    return 'it must be an object such as {"scheme": "https", "host": "api.example.com", "methods": ["GET"]}';
  end if;
  select k into v_key from jsonb_object_keys(p_grant) k
   where k not in ('scheme', 'host', 'port', 'methods', 'path_prefix', 'allow_private', 'credentials') limit 1;
  if v_key is not null then
    return format('%s is unknown; the keys are scheme, host, port, methods, path_prefix, allow_private, credentials', v_key);
  end if;
  if jsonb_typeof(p_grant -> 'allow_private') = 'array' then
    for v_net in select e from jsonb_array_elements_text(p_grant -> 'allow_private') e loop
      begin
        if v_net is null or v_net !~ '^(\d+(\.\d+){3}|[0-9a-f:.]*:[0-9a-f:.]*)(/\d+)?$' or v_net ~ '(^|\.)0\d' then
          raise invalid_text_representation;
        end if;
        perform v_net::inet;
      exception when invalid_text_representation then
        return format('allow_private holds %s, which is neither a network such as 10.0.0.0/8 nor an address', coalesce(v_net, 'null'));
      end;
    end loop;
  end if;
  return case
    when p_grant ->> 'scheme' is null or p_grant ->> 'scheme' not in ('http', 'https') then 'scheme must be http or https'
    when jsonb_typeof(p_grant -> 'host') is distinct from 'string' then lessee.fn_host_error('')
    when lessee.fn_host_error(p_grant ->> 'host') is not null then lessee.fn_host_error(p_grant ->> 'host')
    when p_grant ? 'port' and (p_grant ->> 'port' !~ '^\d+$' or not jsonb_path_exists(p_grant, 'strict $.port ? (@ >= 1 && @ <= 65535)'))
      then 'port must be a whole number from 1 to 65535'
    when jsonb_typeof(p_grant -> 'methods') is distinct from 'array' or p_grant -> 'methods' = '[]'
      or jsonb_path_exists(p_grant, '$.methods[*] ? (@.type() <> "string" || !(@ like_regex "^[A-Z][A-Z_-]{0,31}$") || @ == "CONNECT" || @ == "TRACE")')
      then 'methods must be an array of methods in upper case, such as ["GET"], without CONNECT and TRACE'
    when p_grant ? 'path_prefix' and (jsonb_typeof(p_grant -> 'path_prefix') <> 'string' or p_grant ->> 'path_prefix' !~ '^/[^?#\\\x01-\x1f\x7f]*$'
      or p_grant ->> 'path_prefix' ~* '(^|/)\.\.?(;[^/]*)?(/|$)|%2e|%2f|%5c|%25')
      then 'path_prefix must begin with / and hold no query, no . or .. segment, no backslash and no escape'
    when p_grant ? 'allow_private' and jsonb_typeof(p_grant -> 'allow_private') not in ('boolean', 'array') then 'allow_private must be true, false or an array of networks'
    when p_grant ? 'credentials' and (jsonb_typeof(p_grant -> 'credentials') <> 'array'
      or jsonb_path_exists(p_grant, '$.credentials[*] ? (@.type() <> "string" || !(@ like_regex "^[a-z][a-z0-9_.-]{0,62}$"))'))
      then 'credentials must be an array of names of secret bindings'
    when p_grant ->> 'scheme' = 'http' and coalesce(p_grant -> 'credentials', '[]') <> '[]' and coalesce(p_grant -> 'allow_private', 'false') in ('false', '[]')
      then 'credentials over plain http would travel readable; use https, or allow_private for a server of your own network'
  end;
end
$$;
comment on function lessee.fn_http_grant_error(jsonb) is 'what is wrong with an http grant, or null';
grant execute on function lessee.fn_http_grant_error(jsonb) to lessee_operator;
