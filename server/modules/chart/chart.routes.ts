import { implement, type Route } from '#platform/http/mount.ts'
import { addAllergy, getAllergy, listAllergies, removeAllergy, replaceAllergy } from './allergies.ts'
import { allergyApi } from './allergy.contract.ts'
import { noteApi } from './note.contract.ts'
import {
  amendNote,
  createNote,
  getNote,
  listDrafts,
  listNotesOfVisit,
  listNoteVersions,
  saveDraft,
  signNote,
} from './note.service.ts'
import { conditionApi } from './condition.contract.ts'
import { addCondition, getCondition, listConditions, removeCondition, replaceCondition } from './conditions.ts'

export function chartRoutes(): Route[] {
  return [
    ...implement('allergies', allergyApi, {
      list_allergies: (ctx, { params, query }) => listAllergies(ctx, params.patient_id, query),
      get_allergy: (ctx, { params }) => getAllergy(ctx, params.patient_id, params.allergy_id),
      add_allergy: (ctx, { params, body }) => addAllergy(ctx, params.patient_id, body),
      replace_allergy: (ctx, { params, body }) => replaceAllergy(ctx, params.patient_id, params.allergy_id, body),
      remove_allergy: (ctx, { params }) => removeAllergy(ctx, params.patient_id, params.allergy_id),
    }),
    ...implement('notes', noteApi, {
      create: (ctx, { params, body }) => createNote(ctx, params.visit_id, body),
      listOfVisit: (ctx, { params, query }) => listNotesOfVisit(ctx, params.visit_id, query),
      listDrafts: (ctx) => listDrafts(ctx),
      get: (ctx, { params }) => getNote(ctx, params.note_id),
      save: (ctx, { params, body }) => saveDraft(ctx, params.note_id, body.content),
      sign: (ctx, { params }) => signNote(ctx, params.note_id),
      amend: (ctx, { params, body }) => amendNote(ctx, params.note_id, body),
      versions: (ctx, { params }) => listNoteVersions(ctx, params.note_id),
    }),
    ...implement('conditions', conditionApi, {
      list_conditions: (ctx, { params, query }) => listConditions(ctx, params.patient_id, query),
      get_condition: (ctx, { params }) => getCondition(ctx, params.patient_id, params.condition_id),
      add_condition: (ctx, { params, body }) => addCondition(ctx, params.patient_id, body),
      replace_condition: (ctx, { params, body }) => replaceCondition(ctx, params.patient_id, params.condition_id, body),
      remove_condition: (ctx, { params }) => removeCondition(ctx, params.patient_id, params.condition_id),
    }),
  ]
}
