-- +goose Up

-- What an attempt used (abi.Usage), as columns: to read it as JSON cost a commit
-- more than to write the row. usage is of what came as JSON, and of before. No zeros.
alter table lessee.job_history
  add column wall_us bigint, add column fuel bigint, add column output_bytes bigint, add column memory_bytes bigint,
  add column host_calls bigint, add column log_bytes bigint, add column http_calls bigint, add column http_bytes bigint;
create or replace view lessee.job_attempt as
  select h.job_id, h.fence, h.attempt, h.class, h.word, h.lease_id, h.module_sha256, h.leased_at, h.ended_at, h.error,
         coalesce(h.usage, case when h.wall_us is not null then jsonb_strip_nulls(jsonb_build_object(
           'fuel', coalesce(h.fuel, 0), 'wall_us', h.wall_us, 'host_calls', h.host_calls, 'memory_bytes', h.memory_bytes,
           'output_bytes', h.output_bytes, 'log_bytes', h.log_bytes, 'http_calls', h.http_calls, 'http_bytes', h.http_bytes)) end) as usage,
         h.requests, h.log_tail, p.trace_id, p.parent_span_id, h.span_id, p.sampled, p.tracestate, p.correlation_id
  from lessee.job_history h
  left join lessee.job_payload p on p.job_id = h.job_id and p.enqueued_at = h.enqueued_at
  where h.lease_id is not null;

-- Where in the line a list ends, to the job: what was enqueued together has one run_at.
create or replace view lessee.grant_unwritten as
  select l.lease_id, g.granted_at, g.class, g.priority, g.run_at, g.job_ids, g.last_id
  from lessee.lease_unended l
  cross join lateral (select h.held_from from lessee.queue_heartbeat h where -h.lease_id = -l.lease_id order by h.held_from desc limit 1) h
  cross join lateral (select g.* from lessee.job_grant g where g.lease_id = l.lease_id and g.granted_at >= h.held_from and not g.written offset 0) g;

-- +goose Down
-- grant_unwritten keeps its last column: other views stand on it, and nothing asks for it.
update lessee.job_history h set usage = a.usage from lessee.job_attempt a where h.wall_us is not null and a.job_id = h.job_id and a.fence = h.fence;
create or replace view lessee.job_attempt as
  select h.job_id, h.fence, h.attempt, h.class, h.word, h.lease_id, h.module_sha256, h.leased_at, h.ended_at, h.error, h.usage, h.requests, h.log_tail,
         p.trace_id, p.parent_span_id, h.span_id, p.sampled, p.tracestate, p.correlation_id
  from lessee.job_history h
  left join lessee.job_payload p on p.job_id = h.job_id and p.enqueued_at = h.enqueued_at
  where h.lease_id is not null;
alter table lessee.job_history
  drop column wall_us, drop column fuel, drop column output_bytes, drop column memory_bytes,
  drop column host_calls, drop column log_bytes, drop column http_calls, drop column http_bytes;
