-- Everything a host needs of the registry, in one statement and so of one
-- moment: classes with their effective limits and policies, and the settings.
create or replace function lessee.fn_registry_snapshot()
returns jsonb
language sql stable security definer
set search_path = pg_catalog, lessee, pg_temp
as $$
  select jsonb_build_object(
    'version', (select v.version from lessee.registry_version v),
    'settings', (select jsonb_object_agg(s.name, s.value) from lessee.runtime_setting s),
    'secrets', lessee.fn_secret_snapshot(),
    -- Nobody has admitted them yet; the next ones are told when these are.
    'pending', coalesce((select jsonb_agg(p.sha256) from (
      select m.sha256 from lessee.executor_module_registry m where m.status = 'pending' and m.abi in ('core', 'command') order by m.added_at limit 20) p), '[]'),
    'pending_native', coalesce((select jsonb_agg(p.sha256) from (
      select m.sha256 from lessee.executor_module_registry m where m.status = 'pending' and m.abi = 'grpc' order by m.added_at limit 20) p), '[]'),
    'classes', coalesce((
      select jsonb_agg(jsonb_build_object(
        'class', c.class,
        'runtime', c.runtime,
        'module_sha256', coalesce(c.serving_sha256, c.module_sha256),
        'next_sha256', case when c.serving_sha256 is not null then c.module_sha256 end,
        'previous_sha256', c.previous_sha256,
        'candidate_sha256', c.candidate_sha256,
        'canary_percent', c.canary_percent,
        'isolation', c.isolation,
        'process', c.process,
        'containment', c.containment,
        'command', c.command,
        'enabled', c.enabled,
        'limits', lessee.fn_default_limits() || c.limits,
        'retry_policy', lessee.fn_default_retry_policy() || c.retry_policy,
        'grants', c.grants,
        'config', c.config,
        'concurrency', c.concurrency_per_host,
        'faults', case when c.enabled then (
          select jsonb_object_agg(m.sha256, e.error)
          from unnest(array[c.module_sha256, c.serving_sha256, c.candidate_sha256]) m(sha256)
          cross join lateral (select lessee.fn_manifest_error(m.sha256, c.grants, c.config) as error) e
          where e.error is not null) end,
        'status', c.status,
        'status_reason', c.status_reason))
      from lessee.executor_class_registry c), '[]'));
$$;
comment on function lessee.fn_registry_snapshot() is 'one reading of the registry';
grant execute on function lessee.fn_registry_snapshot() to lessee_host, lessee_operator, lessee_reader;
