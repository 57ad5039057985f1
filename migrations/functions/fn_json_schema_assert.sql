-- fn_json_schema_assert checks one value against the keywords that lead to no
-- other schema: type, enum, const, required, and the bounds of its kind.
-- Keywords that lead further are fn_json_schema_walk's.
--
-- Result: a flat list pointer, message, pointer, message ..., or null when
-- nothing is wrong. A wrong type is reported alone: the rest would be noise.
-- Errors: 2201B when a pattern doesn't compile. fn_json_schema_check refuses
-- such a schema before it is stored.
--
-- Patterns are Postgres advanced regular expressions, not ECMA-262. They agree
-- on what schemas mostly use: anchors, classes, \d \w \s, groups, lookaround,
-- quantifiers. They differ in this: a word boundary is \y, not \b; \p{..} and
-- (?<name>..) don't exist; "." matches a newline too; \d and \w know more
-- digits and letters than ASCII. fn_json_schema_check refuses what would
-- silently mean something else.
--
-- A pure helper, called once per value: it sets no search_path, because that
-- would cost more than the check. It names its schema instead, and runs only
-- inside fn_json_schema_errors, which fixes the path.
create or replace function lessee.fn_json_schema_assert(p_schema jsonb, p_value jsonb, p_pointer text)
returns text[]
language plpgsql immutable parallel safe
as $$
declare
  v_kind constant text := pg_catalog.jsonb_typeof(p_value);
  v_type constant jsonb := p_schema -> 'type';
  v_number numeric;
  v_text text;
  v_needs text;
  v_size int;
  v_out text[];
begin
  if v_kind = 'number' then
    v_number := p_value::numeric;
  end if;

  -- "?" finds a string in an array, and a scalar string itself: both forms of type.
  if not v_type ? v_kind
     and not (v_kind = 'number' and v_type ? 'integer' and v_number = pg_catalog.trunc(v_number)) then
    return array[p_pointer,
      'must be ' || pg_catalog.replace(pg_catalog.translate(v_type::text, '[]"', ''), ', ', ' or ') || ', is ' || v_kind];
  end if;

  if p_schema ? 'enum' then
    -- "@>" on an array means "has this element" for scalars only.
    if v_kind in ('object', 'array') then
      if not exists (select from pg_catalog.jsonb_array_elements(p_schema -> 'enum') e where e.value = p_value) then
        v_out := v_out || array[p_pointer, 'is not one of ' || pg_catalog.left((p_schema -> 'enum')::text, 200)];
      end if;
    elsif not (p_schema -> 'enum') @> p_value then
      v_out := v_out || array[p_pointer, 'is not one of ' || pg_catalog.left((p_schema -> 'enum')::text, 200)];
    end if;
  end if;

  if p_schema -> 'const' <> p_value then
    v_out := v_out || array[p_pointer, 'must be ' || pg_catalog.left((p_schema -> 'const')::text, 200)];
  end if;

  if v_kind = 'string' then
    if p_schema ?| '{minLength,maxLength,pattern}' then
      v_text := p_value #>> '{}';
      v_size := pg_catalog.char_length(v_text);
      if v_size < (p_schema -> 'minLength')::numeric then
        v_out := v_out || array[p_pointer, 'must have at least ' || (p_schema ->> 'minLength') || ' characters, has ' || v_size];
      end if;
      if v_size > (p_schema -> 'maxLength')::numeric then
        v_out := v_out || array[p_pointer, 'must have at most ' || (p_schema ->> 'maxLength') || ' characters, has ' || v_size];
      end if;
      if v_text !~ (p_schema ->> 'pattern') then
        v_out := v_out || array[p_pointer, 'must match the pattern ' || (p_schema ->> 'pattern')];
      end if;
    end if;

  elsif v_kind = 'number' then
    if p_schema ?| '{minimum,maximum,exclusiveMinimum,exclusiveMaximum,multipleOf}' then
      if v_number < (p_schema -> 'minimum')::numeric then
        v_out := v_out || array[p_pointer, 'must be at least ' || (p_schema ->> 'minimum') || ', is ' || pg_catalog.left(v_number::text, 40)];
      end if;
      if v_number > (p_schema -> 'maximum')::numeric then
        v_out := v_out || array[p_pointer, 'must be at most ' || (p_schema ->> 'maximum') || ', is ' || pg_catalog.left(v_number::text, 40)];
      end if;
      if v_number <= (p_schema -> 'exclusiveMinimum')::numeric then
        v_out := v_out || array[p_pointer, 'must be more than ' || (p_schema ->> 'exclusiveMinimum') || ', is ' || pg_catalog.left(v_number::text, 40)];
      end if;
      if v_number >= (p_schema -> 'exclusiveMaximum')::numeric then
        v_out := v_out || array[p_pointer, 'must be less than ' || (p_schema ->> 'exclusiveMaximum') || ', is ' || pg_catalog.left(v_number::text, 40)];
      end if;
      if v_number % (p_schema -> 'multipleOf')::numeric <> 0 then
        v_out := v_out || array[p_pointer, 'must be a multiple of ' || (p_schema ->> 'multipleOf') || ', is ' || pg_catalog.left(v_number::text, 40)];
      end if;
    end if;

  elsif v_kind = 'array' then
    if p_schema ?| '{minItems,maxItems,uniqueItems}' then
      v_size := pg_catalog.jsonb_array_length(p_value);
      if v_size < (p_schema -> 'minItems')::numeric then
        v_out := v_out || array[p_pointer, 'must have at least ' || (p_schema ->> 'minItems') || ' items, has ' || v_size];
      end if;
      if v_size > (p_schema -> 'maxItems')::numeric then
        v_out := v_out || array[p_pointer, 'must have at most ' || (p_schema ->> 'maxItems') || ' items, has ' || v_size];
      end if;
      if p_schema -> 'uniqueItems' = 'true'
         and v_size > (select pg_catalog.count(distinct e.value) from pg_catalog.jsonb_array_elements(p_value) e) then
        v_out := v_out || array[p_pointer, 'must have no two equal items'];
      end if;
    end if;

  elsif v_kind = 'object' then
    if p_schema ? 'required' then
      for v_i in 0 .. pg_catalog.jsonb_array_length(p_schema -> 'required') - 1 loop
        v_text := p_schema -> 'required' ->> v_i;
        if not p_value ? v_text then
          v_out := v_out || array[
            p_pointer || '/' || pg_catalog.replace(pg_catalog.replace(v_text, '~', '~0'), '/', '~1'), 'is required'];
        end if;
      end loop;
    end if;
    if p_schema ? 'dependentRequired' then
      for v_text, v_needs in
        select d.key, n.value #>> '{}'
        from pg_catalog.jsonb_each(p_schema -> 'dependentRequired') d, pg_catalog.jsonb_array_elements(d.value) n
        where p_value ? d.key and not p_value ? (n.value #>> '{}')
      loop
        v_out := v_out || array[
          p_pointer || '/' || pg_catalog.replace(pg_catalog.replace(v_needs, '~', '~0'), '/', '~1'),
          'is required beside "' || v_text || '"'];
      end loop;
    end if;
    if p_schema ?| '{minProperties,maxProperties}' then
      v_size := (select pg_catalog.count(*) from pg_catalog.jsonb_object_keys(p_value));
      if v_size < (p_schema -> 'minProperties')::numeric then
        v_out := v_out || array[p_pointer, 'must have at least ' || (p_schema ->> 'minProperties') || ' properties, has ' || v_size];
      end if;
      if v_size > (p_schema -> 'maxProperties')::numeric then
        v_out := v_out || array[p_pointer, 'must have at most ' || (p_schema ->> 'maxProperties') || ' properties, has ' || v_size];
      end if;
    end if;
  end if;

  return v_out;
end
$$;

comment on function lessee.fn_json_schema_assert(jsonb, jsonb, text) is
  'What is wrong with one JSON value by itself under a JSON Schema; null when nothing is. Helper of fn_json_schema_walk.';
revoke all on function lessee.fn_json_schema_assert(jsonb, jsonb, text) from public;
