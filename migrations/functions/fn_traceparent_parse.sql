-- A W3C traceparent taken apart, or a new one where none is given. Malformed
-- input is refused, as https://www.w3.org/TR/trace-context/ asks of a receiver.
create or replace function lessee.fn_traceparent_parse(p_traceparent text, out trace_id text, out parent_span_id text, out sampled boolean)
language plpgsql volatile
set search_path = pg_catalog, lessee, pg_temp
as $$
begin
  if p_traceparent is null then
    trace_id := replace(gen_random_uuid()::text, '-', ''); -- a v4 UUID has fixed bits, so it is never all zero
    parent_span_id := substr(replace(gen_random_uuid()::text, '-', ''), 1, 16);
    sampled := true;
    return;
  end if;
  if p_traceparent !~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$'
     or p_traceparent ~ '^ff' or p_traceparent ~ '^00-.{32}-.{16}-..-'
     or p_traceparent ~ '^..-0{32}-' or p_traceparent ~ '^..-.{32}-0{16}-' then
    raise exception 'traceparent % is malformed; it must be 00-<32 hex digits>-<16 hex digits>-<2 hex digits>, lower case, ids not all zero', quote_literal(left(p_traceparent, 100))
      using errcode = 'invalid_parameter_value', hint = 'Leave it out, and one is made.';
  end if;
  trace_id := substr(p_traceparent, 4, 32);
  parent_span_id := substr(p_traceparent, 37, 16);
  sampled := get_bit(decode(substr(p_traceparent, 54, 2), 'hex'), 0) = 1;
end
$$;
comment on function lessee.fn_traceparent_parse(text) is 'trace context of an enqueuer, or a new one';
