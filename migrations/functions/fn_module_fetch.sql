-- A module by digest: its bytes, or where they are; its signatures, and those
-- of their keys that are registered. No row: not registered.
create or replace function lessee.fn_module_fetch(p_sha256 text)
returns table (name text, version text, abi text, bytes bytea, location text, signatures jsonb, keys jsonb)
language sql stable security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  select m.name, m.version, m.abi, m.bytes, m.location, s.signatures, s.keys
  from lessee.executor_module_registry m
  cross join lateral (
    select coalesce(jsonb_agg(jsonb_build_object('key_id', g.key_id, 'signature', g.signature) order by g.added_at), '[]') as signatures,
           coalesce(jsonb_agg(jsonb_build_object('key_id', k.key_id, 'public_key', k.public_key, 'enabled', k.enabled, 'owner', k.owner) order by g.added_at)
                    filter (where k.key_id is not null), '[]') as keys
    from lessee.module_signature g
    left join lessee.signing_key_registry k on k.key_id = g.key_id
    where g.sha256 = m.sha256) s
  where m.sha256 = p_sha256;
$$;
comment on function lessee.fn_module_fetch(text) is 'a module''s bytes or location, and who signed them';
grant execute on function lessee.fn_module_fetch(text) to lessee_host, lessee_operator;
