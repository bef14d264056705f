// Prescriptions: checked by rules that can be read, signed once, verifiable by anyone.
import type { Module } from '#platform/module.ts'
import { rulesOf } from './check.ts'
import { expireOverdue, expirySchedule } from './dispense.service.ts'
import { prescriptionRoutes } from './prescription.routes.ts'
import { readRuleSet, shippedRules } from './rule-set.ts'
import { makeDecoy } from './verify.service.ts'

export { listCurrentMedicines, readCurrentMedicines } from './current-medicines.ts'
export { openMedicines } from './prescription.sealing.ts'
export { prescriptionTimeline } from './prescription-timeline.ts'
export { rotatePrescriptionKey } from './key-rotation.ts'

export const prescriptions: Module = {
  name: 'prescriptions',
  async open(system, jobs) {
    const { prescription_rules: folder } = system.configuration
    const rules = folder === 'none' ? undefined : rulesOf(readRuleSet(folder ?? shippedRules))
    jobs.schedule(expirySchedule, ({ signal }) => expireOverdue(system, signal))
    return {
      routes: prescriptionRoutes(rules, makeDecoy(system.keys.keyring)),
      checks: {
        prescription_rules: async () =>
          rules
            ? { status: 'ok', detail: `Version ${rules.set.version}` }
            : { status: 'degraded', detail: 'Prescriptions are not checked: OPENWARD_PRESCRIPTION_RULES is none' },
      },
    }
  },
}
