-- The key id in a line of minisign's (base64 of algorithm, id, the rest) that
-- must be p_size bytes; null when it is no such line. 42: a public key, 74: a signature.
create or replace function lessee.fn_minisign_key_id(p_line text, p_size integer)
returns text
language plpgsql immutable
set search_path = pg_catalog, lessee, pg_temp
as $$
declare
  v_data bytea;
begin
  v_data := decode(p_line, 'base64');
  if octet_length(v_data) is distinct from p_size or lower(encode(substr(v_data, 1, 2), 'escape')) <> 'ed' then
    return null;
  end if;
  return (select upper(string_agg(lpad(to_hex(get_byte(v_data, i)), 2, '0'), '' order by i desc)) from generate_series(2, 9) i);
exception when invalid_parameter_value then -- no base64
  return null;
end
$$;
comment on function lessee.fn_minisign_key_id(text, integer) is 'the key id in a line of minisign''s';
