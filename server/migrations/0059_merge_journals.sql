-- What the survivor had before a merge is written down with its versions now, so that undoing it tells what was changed meanwhile.
-- Of earlier merges they are not known.
update patient_merges
   set journal = jsonb_set(journal, '{tables}', (
         select coalesce(jsonb_object_agg(name, jsonb_set(moves, '{had}', (
                  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'version', null)), '[]') from jsonb_array_elements(moves -> 'had') as had(id)))), '{}')
           from jsonb_each(journal -> 'tables') as t(name, moves)))
 where journal ? 'tables';
