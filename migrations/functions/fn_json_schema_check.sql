-- fn_json_schema_check says whether Lessee can enforce a JSON Schema: every
-- keyword known and of the right shape, every pattern compiles, every $ref
-- leads to a schema in the same document and none back to itself. The
-- registry's triggers refuse a row whose schema it finds fault with, so that a
-- misspelt keyword never passes for a rule.
--
-- Result: null when the schema is fine, or null itself; else one sentence that
-- names the place in the schema and the problem.
-- Errors: none.
--
-- Stricter than draft 2020-12 in this: unknown keywords are refused unless they
-- begin with "x-"; $id is allowed at the top only; the patterns must mean in
-- Postgres what they mean in ECMA-262, as far as can be told.
create or replace function lessee.fn_json_schema_check(p_schema jsonb)
returns text
language plpgsql immutable
as $$
declare
  -- What the value of each keyword must be.
  v_shapes constant jsonb := '{
    "type": "types", "enum": "array", "const": "any",
    "properties": "schema map", "patternProperties": "pattern map", "additionalProperties": "schema", "propertyNames": "schema",
    "required": "names", "dependentRequired": "names map", "dependentSchemas": "schema map",
    "minProperties": "count", "maxProperties": "count",
    "items": "schema", "prefixItems": "schema list", "contains": "schema",
    "minContains": "count", "maxContains": "count", "minItems": "count", "maxItems": "count", "uniqueItems": "boolean",
    "minLength": "count", "maxLength": "count", "pattern": "pattern",
    "minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number", "multipleOf": "divisor",
    "allOf": "schema list", "anyOf": "schema list", "oneOf": "schema list", "not": "schema",
    "if": "schema", "then": "schema", "else": "schema",
    "$ref": "ref", "$defs": "schema map", "definitions": "schema map",
    "$schema": "string", "$id": "id", "$comment": "string", "title": "string", "description": "string",
    "format": "string", "contentEncoding": "string", "contentMediaType": "string",
    "default": "any", "examples": "array", "deprecated": "boolean", "readOnly": "boolean", "writeOnly": "boolean"
  }';
  v_in_place constant text[] := '{allOf,anyOf,oneOf,not,if,then,else,dependentSchemas}';
  -- The schemas to look at, by their place; v_at is the current one.
  v_schemas jsonb[] := array[p_schema];
  v_places text[] := array[''];
  v_depths int[] := array[1];
  v_at int := 0;
  v_end int := 1;
  v_schema jsonb;
  v_place text;
  v_name text;
  v_value jsonb;
  v_kind text;
  v_shape text;
  v_fault text;
  v_key text;
  v_sub jsonb;
  -- References, and every step that stays at the same value.
  v_ref_from text[] := '{}';
  v_ref_to text[] := '{}';
  v_step_from text[] := '{}';
  v_step_to text[] := '{}';
begin
  if p_schema is null then
    return null;
  end if;

  while v_at < v_end loop
    v_at := v_at + 1;
    v_place := v_places[v_at];
    v_schema := v_schemas[v_at]; -- a query over the array would copy it
    continue when jsonb_typeof(v_schema) = 'boolean';
    if jsonb_typeof(v_schema) <> 'object' then
      return format('the schema at %s is %s: it must be an object, true or false',
        coalesce(nullif(v_place, ''), 'the top'), jsonb_typeof(v_schema));
    end if;
    if v_depths[v_at] > 64 then
      return format('the schema at %s is nested deeper than 64 schemas: move parts of it to $defs', v_place);
    end if;

    for v_name, v_value in select e.key, e.value from jsonb_each(v_schema) e loop
      continue when v_name like 'x-%';
      v_kind := jsonb_typeof(v_value);
      v_shape := v_shapes ->> v_name;
      v_fault := case v_shape
        when 'any' then null
        when 'string' then case when v_kind <> 'string' then 'must be a string' end
        when 'boolean' then case when v_kind <> 'boolean' then 'must be true or false' end
        when 'array' then case when v_kind <> 'array' then 'must be an array' end
        when 'number' then case when v_kind <> 'number' then 'must be a number' end
        when 'divisor' then case when v_kind <> 'number' or v_value <= '0' then 'must be a number above 0' end
        when 'count' then
          case when case when v_kind <> 'number' then true
              else v_value::numeric < 0 or v_value::numeric <> trunc(v_value::numeric) end
            then 'must be a whole number, 0 or more' end
        when 'schema' then
          case when v_kind = 'array' and v_name = 'items' then 'must be one schema: a list of schemas is prefixItems'
            when v_kind not in ('object', 'boolean') then 'must be a schema: an object, true or false' end
        when 'schema list' then
          case when v_kind <> 'array' or v_value = '[]' then 'must be a list of at least one schema' end
        when 'schema map' then case when v_kind <> 'object' then 'must be an object of schemas' end
        when 'pattern map' then case when v_kind <> 'object' then 'must be an object of schemas' end
        when 'names map' then case when v_kind <> 'object' then 'must be an object of lists of property names' end
        when 'names' then
          case when v_kind <> 'array' or jsonb_path_exists(v_value, 'strict $[*] ? (@.type() != "string")')
              or jsonb_array_length(v_value) <> (select count(distinct n) from jsonb_array_elements(v_value) n)
            then 'must be a list of different property names' end
        when 'types' then
          case when not (v_kind = 'string' or v_kind = 'array' and v_value <> '[]')
              or not '["null", "boolean", "object", "array", "number", "string", "integer"]' @> v_value
              or v_kind = 'array' and jsonb_array_length(v_value) <> (select count(distinct n) from jsonb_array_elements(v_value) n)
            then 'must name one or more of null, boolean, object, array, number, string, integer' end
        when 'pattern' then case when v_kind <> 'string' then 'must be a string' end
        when 'ref' then
          case when v_kind <> 'string' then 'must be a string'
            when v_value #>> '{}' like '%\%%' then 'must not be percent-encoded: rename the definition'
            when v_value #>> '{}' <> '#' and v_value #>> '{}' not like '#/%'
              then 'must point into this schema, like "#/$defs/name": copy what it refers to into $defs' end
        when 'id' then
          case when v_kind <> 'string' then 'must be a string'
            when v_place <> '' then 'is allowed at the top only: leave it out' end
        else 'is not supported: leave it out, or validate in the executor'
      end;
      if v_fault is not null then
        return format('keyword "%s" at %s %s', v_name, coalesce(nullif(v_place, ''), 'the top'), v_fault);
      end if;

      if v_shape in ('pattern', 'pattern map') then
        for v_key in
          select v_value #>> '{}' where v_shape = 'pattern'
          union all
          select k from jsonb_object_keys(case when v_shape = 'pattern map' then v_value else '{}' end) k
        loop
          v_fault := case
            -- Outside brackets; pairs of backslashes are taken out first.
            when regexp_replace(replace(v_key, '\\', ''), '\[(\\.|[^]\\])*\]', '', 'g') ~ '\\[bB]'
              then 'uses \b or \B, which mean something else in Postgres: write \y or \Y'
            when v_key like '***%' then 'begins with ***, which means something else in Postgres'
          end;
          begin
            perform '' ~ v_key;
          exception when invalid_regular_expression then
            v_fault := 'is no regular expression of Postgres: ' || sqlerrm;
          end;
          if v_fault is not null then
            return format('keyword "%s" at %s: the pattern %s %s', v_name, coalesce(nullif(v_place, ''), 'the top'), v_key, v_fault);
          end if;
        end loop;
      elsif v_shape = 'names map' then
        for v_key, v_sub in select e.key, e.value from jsonb_each(v_value) e loop
          if jsonb_typeof(v_sub) <> 'array' or jsonb_path_exists(v_sub, 'strict $[*] ? (@.type() != "string")')
             or jsonb_array_length(v_sub) <> (select count(distinct n) from jsonb_array_elements(v_sub) n) then
            return format('keyword "%s" at %s: the entry of "%s" must be a list of different property names',
              v_name, coalesce(nullif(v_place, ''), 'the top'), v_key);
          end if;
        end loop;
      elsif v_shape = 'ref' then
        v_ref_from := v_ref_from || v_place;
        v_ref_to := v_ref_to || substr(v_value #>> '{}', 2);
      end if;

      continue when v_shape not in ('schema', 'schema list', 'schema map', 'pattern map');
      for v_key, v_sub in
        select '', v_value where v_shape = 'schema'
        union all
        select '/' || (i.n - 1), i.item
        from jsonb_array_elements(case when v_shape = 'schema list' then v_value else '[]' end) with ordinality i(item, n)
        union all
        select '/' || replace(replace(m.key, '~', '~0'), '/', '~1'), m.value
        from jsonb_each(case when v_shape in ('schema map', 'pattern map') then v_value else '{}' end) m
      loop
        v_end := v_end + 1;
        v_schemas[v_end] := v_sub;
        v_places[v_end] := v_place || '/' || v_name || v_key;
        v_depths[v_end] := v_depths[v_at] + 1;
        if v_name = any (v_in_place) then
          v_step_from := v_step_from || v_place;
          v_step_to := v_step_to || v_places[v_end];
        end if;
      end loop;
    end loop;
  end loop;

  select r.origin into v_place
  from unnest(v_ref_from, v_ref_to) r(origin, target)
  where r.target <> all (v_places)
  limit 1;
  if found then
    return format('keyword "$ref" at %s leads to no schema: define it in $defs', coalesce(nullif(v_place, ''), 'the top'));
  end if;

  -- What leads back is left when, again and again, the steps are taken away that
  -- nothing leads to, or that lead no further. To follow each $ref to all that it
  -- reaches would take seconds where many reach many.
  v_step_from := v_ref_from || v_step_from;
  v_step_to := v_ref_to || v_step_to;
  loop
    v_end := cardinality(v_step_from);
    select coalesce(array_agg(s.origin), '{}'), coalesce(array_agg(s.target), '{}') into v_step_from, v_step_to
    from unnest(v_step_from, v_step_to) s(origin, target)
    where s.target in (select unnest(v_step_from)) and s.origin in (select unnest(v_step_to));
    exit when cardinality(v_step_from) = v_end;
  end loop;
  select r.origin into v_place from unnest(v_ref_from) r(origin) where r.origin in (select unnest(v_step_from)) limit 1;
  if found then
    return format('keyword "$ref" at %s leads back to itself without going into the value: put it under properties or items',
      coalesce(nullif(v_place, ''), 'the top'));
  end if;

  return null;
end
$$
set search_path = pg_catalog, lessee, pg_temp;

comment on function lessee.fn_json_schema_check(jsonb) is
  'Null when Lessee can enforce this JSON Schema, else one sentence that says where and why not.';
revoke all on function lessee.fn_json_schema_check(jsonb) from public;
