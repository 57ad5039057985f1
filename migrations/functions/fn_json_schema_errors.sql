-- fn_json_schema_errors says what is wrong with a JSON value under a JSON
-- Schema (draft 2020-12, the keywords that fn_json_schema_check accepts).
--
-- Result: at most p_max rows (pointer, message), none when the value is valid.
-- pointer is where in the value, as a JSON Pointer (RFC 6901; empty: the whole
-- value; for a missing property: where it should be). A null schema allows
-- everything; a null value is taken as JSON null.
-- A check that would cost too much is an error row too, never a pass: $ref
-- nested deeper than 64, or more than 250000 schemas applied in one call (about
-- two seconds; p_steps allows fewer), which only a very large value or an anyOf
-- over recursive schemas reaches.
-- Errors: for a schema that fn_json_schema_check refuses, what Postgres says.
create or replace function lessee.fn_json_schema_errors(p_schema jsonb, p_value jsonb, p_max int default 10, p_steps int default 250000)
returns table (pointer text, message text)
language plpgsql
as $$
declare
  -- "#> '{}'" is the value itself, but read once from where it is stored out of line.
  v_schema constant jsonb := p_schema #> '{}';
  v_value constant jsonb := coalesce(p_value #> '{}', 'null');
  v_found record;
begin
  if v_schema is null then
    return;
  end if;
  v_found := lessee.fn_json_schema_walk(v_schema, v_schema, v_value, '', greatest(p_max, 1), 0, p_steps);
  if v_found.o_errors is null then
    return;
  end if;
  for v_i in 1 .. least(2 * greatest(p_max, 1), cardinality(v_found.o_errors)) by 2 loop
    pointer := v_found.o_errors[v_i];
    message := v_found.o_errors[v_i + 1];
    return next;
  end loop;
exception
  when statement_too_complex then  -- the stack is full; first, because the next names its whole class
    pointer := '';
    message := 'nests too deep to be checked';
    return next;
  when program_limit_exceeded then
    get stacked diagnostics pointer = pg_exception_detail, message = message_text;
    return next;
end
$$
set search_path = pg_catalog, lessee, pg_temp;

comment on function lessee.fn_json_schema_errors(jsonb, jsonb, int, int) is
  'What is wrong with a JSON value under a JSON Schema: one row per finding, none when the value is valid.';
revoke all on function lessee.fn_json_schema_errors(jsonb, jsonb, int, int) from public;
