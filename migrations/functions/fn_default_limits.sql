-- The caps of a class row that names none. The same figures stand in
-- abi.DefaultLimits; a test compares the two.
create or replace function lessee.fn_default_limits()
returns jsonb
language sql immutable parallel safe
as $$ select '{
  "fuel": 100000000000,
  "wall_ms": 30000,
  "memory_bytes": 67108864,
  "stack_bytes": 16777216,
  "host_calls": 1000000,
  "input_bytes": 1048576,
  "output_bytes": 1048576,
  "log_bytes": 65536,
  "events": 100,
  "follow_ups": 100,
  "commands": 16,
  "command_ms": 5000,
  "http_calls": 100,
  "http_bytes": 16777216
}'::jsonb $$;
comment on function lessee.fn_default_limits() is 'caps of a class that names none';
grant execute on function lessee.fn_default_limits() to lessee_operator, lessee_reader;
