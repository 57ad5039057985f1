-- fn_json_schema_walk is the engine of fn_json_schema_errors: it carries a
-- list of (schema, value, pointer) to check, takes them in order, and appends
-- what each leads to: properties, items, allOf, $ref, then. Only keywords that
-- ask "would this hold?" (anyOf, oneOf, not, if, contains, propertyNames) call
-- the function again, with p_max 1, for the answer.
--
-- Result: o_errors is a flat list pointer, message, pointer, message ..., or
-- null when the value is valid; p_steps is what is left of the budget.
-- Errors: 54000 (program_limit_exceeded), with the pointer as detail, when
-- $ref nests more than 64 deep, when the budget of steps is spent, or when a
-- $ref doesn't resolve; 54001 when anyOf and its like nest deeper than the
-- stack allows. They are raised, not returned: "not" must not turn them round.
--
-- It sets no search_path of its own, because it may run hundreds of times per
-- value; it names its schemas instead, and runs only inside
-- fn_json_schema_errors, which fixes the path.
create or replace function lessee.fn_json_schema_walk(
  p_root jsonb,       -- the whole schema: what "#" refers to
  p_schema jsonb,
  p_value jsonb,
  p_pointer text,     -- where p_value lies, as a JSON Pointer
  p_max int,          -- stop at so many errors
  p_refs int,         -- how many $ref led here
  inout p_steps int,  -- how many schemas may still be applied
  out o_errors text[]
)
language plpgsql immutable parallel safe
as $$
declare
  -- The list: entry v_at is being checked, v_end is the last.
  v_schemas jsonb[] := array[p_schema];
  v_values jsonb[] := array[p_value];
  v_pointers text[] := array[p_pointer];
  v_refs int[] := array[p_refs];
  v_at int := 0;
  v_end int := 1;
  -- The entry.
  v_schema jsonb;
  v_value jsonb;
  v_pointer text;
  v_kind text;
  v_depth int;
  -- What it leads to.
  v_here jsonb[];
  v_sub jsonb;
  v_rest jsonb;
  v_props jsonb;
  v_patterns jsonb;
  v_child jsonb;
  v_key text;
  v_pattern text;
  v_path text;
  v_known boolean;
  v_matches int;
  v_list text[];
  v_verdict record;
begin
  while v_at < v_end loop
    if pg_catalog.cardinality(o_errors) >= 2 * p_max then
      return;
    end if;
    v_at := v_at + 1;
    v_schema := v_schemas[v_at];
    v_pointer := v_pointers[v_at];
    p_steps := p_steps - 1;
    if p_steps < v_end - v_at then  -- not enough left for what is already listed
      raise program_limit_exceeded using
        message = 'needs too many steps to check: send a smaller value, or simplify anyOf, oneOf and $ref in the schema',
        detail = v_pointer;
    end if;

    if pg_catalog.jsonb_typeof(v_schema) = 'boolean' then
      if v_schema = 'false' then
        o_errors := o_errors || array[v_pointer, 'is not allowed'];
      end if;
      continue;
    end if;

    v_value := v_values[v_at];
    v_list := lessee.fn_json_schema_assert(v_schema, v_value, v_pointer);
    if v_list is not null then
      o_errors := o_errors || v_list;
    end if;
    v_depth := v_refs[v_at];
    v_kind := pg_catalog.jsonb_typeof(v_value);

    if v_kind = 'object' then
      if v_schema ?| '{properties,patternProperties,additionalProperties}' then
        v_props := v_schema -> 'properties';
        v_patterns := v_schema -> 'patternProperties';
        v_rest := nullif(v_schema -> 'additionalProperties', 'true');
        for v_key, v_child in select e.key, e.value from pg_catalog.jsonb_each(v_value) e loop
          v_path := v_pointer || '/' || pg_catalog.replace(pg_catalog.replace(v_key, '~', '~0'), '/', '~1');
          v_sub := v_props -> v_key;
          if v_patterns is not null then
            v_known := v_sub is not null;
            for v_pattern in select pg_catalog.jsonb_object_keys(v_patterns) loop
              continue when v_key !~ v_pattern;
              v_known := true;
              v_end := v_end + 1;
              v_schemas[v_end] := v_patterns -> v_pattern;
              v_values[v_end] := v_child;
              v_pointers[v_end] := v_path;
              v_refs[v_end] := v_depth;
            end loop;
            if not v_known then
              v_sub := v_rest;
            end if;
          elsif v_sub is null then
            v_sub := v_rest;
          end if;
          continue when v_sub is null;
          -- A plain value under plain keywords is checked at once: that is most of them.
          if pg_catalog.jsonb_typeof(v_child) in ('object', 'array') or v_sub = 'false'
             or v_sub ?| '{$ref,allOf,anyOf,oneOf,not,if,dependentSchemas}' then
            v_end := v_end + 1;
            v_schemas[v_end] := v_sub;
            v_values[v_end] := v_child;
            v_pointers[v_end] := v_path;
            v_refs[v_end] := v_depth;
          else
            p_steps := p_steps - 1;
            v_list := lessee.fn_json_schema_assert(v_sub, v_child, v_path);
            if v_list is not null then
              o_errors := o_errors || v_list;
              exit when pg_catalog.cardinality(o_errors) >= 2 * p_max;
            end if;
          end if;
        end loop;
      end if;

      if v_schema ? 'propertyNames' then
        for v_key in select pg_catalog.jsonb_object_keys(v_value) loop
          v_verdict := lessee.fn_json_schema_walk(
            p_root, v_schema -> 'propertyNames', pg_catalog.to_jsonb(v_key), v_pointer, 1, v_depth, p_steps);
          p_steps := v_verdict.p_steps;
          if v_verdict.o_errors is not null then
            o_errors := o_errors || array[
              v_pointer || '/' || pg_catalog.replace(pg_catalog.replace(v_key, '~', '~0'), '/', '~1'),
              'its name ' || v_verdict.o_errors[2]];
            exit when pg_catalog.cardinality(o_errors) >= 2 * p_max;
          end if;
        end loop;
      end if;

    elsif v_kind = 'array' then
      if v_schema ?| '{items,prefixItems}' then
        v_rest := nullif(v_schema -> 'items', 'true');
        for v_i in 0 .. pg_catalog.jsonb_array_length(v_value) - 1 loop
          v_sub := coalesce(v_schema -> 'prefixItems' -> v_i, v_rest);
          exit when v_sub is null;
          v_child := v_value -> v_i;
          if pg_catalog.jsonb_typeof(v_child) in ('object', 'array') or v_sub = 'false'
             or v_sub ?| '{$ref,allOf,anyOf,oneOf,not,if,dependentSchemas}' then
            v_end := v_end + 1;
            v_schemas[v_end] := v_sub;
            v_values[v_end] := v_child;
            v_pointers[v_end] := v_pointer || '/' || v_i;
            v_refs[v_end] := v_depth;
          else
            p_steps := p_steps - 1;
            v_list := lessee.fn_json_schema_assert(v_sub, v_child, v_pointer || '/' || v_i);
            if v_list is not null then
              o_errors := o_errors || v_list;
              exit when pg_catalog.cardinality(o_errors) >= 2 * p_max;
            end if;
          end if;
        end loop;
      end if;

      if v_schema ? 'contains' then
        v_matches := 0;
        for v_i in 0 .. pg_catalog.jsonb_array_length(v_value) - 1 loop
          v_verdict := lessee.fn_json_schema_walk(
            p_root, v_schema -> 'contains', v_value -> v_i, v_pointer || '/' || v_i, 1, v_depth, p_steps);
          p_steps := v_verdict.p_steps;
          if v_verdict.o_errors is null then
            v_matches := v_matches + 1;
          end if;
        end loop;
        if v_matches < coalesce((v_schema -> 'minContains')::numeric, 1) then
          o_errors := o_errors || array[v_pointer,
            'must have at least ' || coalesce(v_schema ->> 'minContains', '1') || ' items that match "contains", has ' || v_matches];
        end if;
        if v_matches > (v_schema -> 'maxContains')::numeric then
          o_errors := o_errors || array[v_pointer,
            'must have at most ' || (v_schema ->> 'maxContains') || ' items that match "contains", has ' || v_matches];
        end if;
      end if;
    end if;

    -- The rest apply further schemas to the same value; most schemas have none.
    continue when not v_schema ?| '{$ref,allOf,anyOf,oneOf,not,if,dependentSchemas}';
    v_here := '{}';

    if v_schema ? 'allOf' then
      for v_i in 0 .. pg_catalog.jsonb_array_length(v_schema -> 'allOf') - 1 loop
        v_here := v_here || (v_schema -> 'allOf' -> v_i);
      end loop;
    end if;

    if v_kind = 'object' and v_schema ? 'dependentSchemas' then
      for v_key, v_sub in select d.key, d.value from pg_catalog.jsonb_each(v_schema -> 'dependentSchemas') d loop
        if v_value ? v_key then
          v_here := v_here || v_sub;
        end if;
      end loop;
    end if;

    if v_schema ? 'if' then
      v_verdict := lessee.fn_json_schema_walk(p_root, v_schema -> 'if', v_value, v_pointer, 1, v_depth, p_steps);
      p_steps := v_verdict.p_steps;
      v_sub := v_schema -> case when v_verdict.o_errors is null then 'then' else 'else' end;
      if v_sub is not null then
        v_here := v_here || v_sub;
      end if;
    end if;

    for v_i in 1 .. pg_catalog.cardinality(v_here) loop
      v_end := v_end + 1;
      v_schemas[v_end] := v_here[v_i];
      v_values[v_end] := v_value;
      v_pointers[v_end] := v_pointer;
      v_refs[v_end] := v_depth;
    end loop;

    if v_schema ? '$ref' then
      v_key := v_schema ->> '$ref';
      v_sub := case when v_key = '#' then p_root when v_key like '#/%' then p_root #> array(
        select pg_catalog.replace(pg_catalog.replace(s.part, '~1', '/'), '~0', '~')
        from pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.substr(v_key, 3), '/')) with ordinality s(part, n)
        order by s.n) end;
      if v_sub is null then
        raise program_limit_exceeded using
          message = '$ref "' || v_key || '" leads nowhere in the schema: check the schema with fn_json_schema_check',
          detail = v_pointer;
      end if;
      if v_depth >= 64 then
        raise program_limit_exceeded using
          message = '$ref nests deeper than 64 levels: the value is too deep, or the $ref leads back to itself',
          detail = v_pointer;
      end if;
      v_end := v_end + 1;
      v_schemas[v_end] := v_sub;
      v_values[v_end] := v_value;
      v_pointers[v_end] := v_pointer;
      v_refs[v_end] := v_depth + 1;
    end if;

    if v_schema ? 'anyOf' then
      v_known := false;
      for v_i in 0 .. pg_catalog.jsonb_array_length(v_schema -> 'anyOf') - 1 loop
        v_verdict := lessee.fn_json_schema_walk(p_root, v_schema -> 'anyOf' -> v_i, v_value, v_pointer, 1, v_depth, p_steps);
        p_steps := v_verdict.p_steps;
        v_known := v_verdict.o_errors is null;
        exit when v_known;
      end loop;
      if not v_known then
        o_errors := o_errors || array[v_pointer, 'matches none of the schemas in "anyOf"'];
      end if;
    end if;

    if v_schema ? 'oneOf' then
      v_matches := 0;
      for v_i in 0 .. pg_catalog.jsonb_array_length(v_schema -> 'oneOf') - 1 loop
        v_verdict := lessee.fn_json_schema_walk(p_root, v_schema -> 'oneOf' -> v_i, v_value, v_pointer, 1, v_depth, p_steps);
        p_steps := v_verdict.p_steps;
        if v_verdict.o_errors is null then
          v_matches := v_matches + 1;
        end if;
      end loop;
      if v_matches <> 1 then
        o_errors := o_errors || array[v_pointer, 'must match exactly one of the schemas in "oneOf", matches ' || v_matches];
      end if;
    end if;

    if v_schema ? 'not' then
      v_verdict := lessee.fn_json_schema_walk(p_root, v_schema -> 'not', v_value, v_pointer, 1, v_depth, p_steps);
      p_steps := v_verdict.p_steps;
      if v_verdict.o_errors is null then
        o_errors := o_errors || array[v_pointer, 'must not match the schema in "not"'];
      end if;
    end if;
  end loop;
end
$$;

comment on function lessee.fn_json_schema_walk(jsonb, jsonb, jsonb, text, int, int, int) is
  'Applies a JSON Schema to a value and lists what is wrong. Engine of fn_json_schema_errors.';
revoke all on function lessee.fn_json_schema_walk(jsonb, jsonb, jsonb, text, int, int, int) from public;
