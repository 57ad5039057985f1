-- The retry policy of a class row that names none. permanent_codes are the
-- failures that another attempt with the same payload can't mend.
create or replace function lessee.fn_default_retry_policy()
returns jsonb
language sql immutable parallel safe
as $$ select '{
  "max_attempts": 5,
  "base_ms": 1000,
  "factor": 2,
  "cap_ms": 3600000,
  "jitter": 0.2,
  "max_crashes": 3,
  "permanent_codes": ["payload_invalid", "result_schema", "not_granted", "not_registered", "limit_input", "limit_effects", "http_denied", "http_invalid", "http_secret", "result_secret"]
}'::jsonb $$;
comment on function lessee.fn_default_retry_policy() is 'retry policy of a class that names none';
grant execute on function lessee.fn_default_retry_policy() to lessee_operator, lessee_reader;
