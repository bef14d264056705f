// The alert rules as Prometheus itself reads them, and that each of those on which somebody is called fires when it must and not before.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { stringify } from 'yaml'
import { root } from '../documentation/blocks.ts'

const rules = join(root, 'deploy/prometheus/alerts.yaml')
const directory = mkdtempSync(join(tmpdir(), 'openward-promtool-'))
after(() => rmSync(directory, { recursive: true }))

function promtool(...words: string[]) {
  const { status, stdout, stderr, error } = spawnSync('promtool', words, { encoding: 'utf8' })
  assert.equal(error, undefined, 'promtool is of the Debian package prometheus')
  return { status, output: stdout + stderr }
}

test('Prometheus takes the rules and the example of its configuration', () => {
  const checked = promtool('check', 'rules', '--lint=all', '--lint-fatal', rules)
  assert.equal(checked.status, 0, checked.output)
  assert.match(checked.output, /SUCCESS: \d\d rules found/)
  const config = promtool('check', 'config', '--syntax-only', join(root, 'deploy/prometheus/prometheus.example.yaml'))
  assert.equal(config.status, 0, config.output)
})

/** A value each minute, from the first on; `fires_after` and `silent_until` are minutes. */
type Alarm = { alert: string; series: string; values: string; silent_at: number; fires_at: number }
const alarms: Alarm[] = [
  { alert: 'OpenWardIsDown', series: 'up{job="openward",instance="a"}', values: '1 1 0x30', silent_at: 2, fires_at: 4 },
  {
    alert: 'OpenWardDatabaseIsAway',
    series: 'openward_part_degraded{part="database",instance="a"}',
    values: '0 0 1x30',
    silent_at: 1,
    fires_at: 3,
  },
  {
    alert: 'OpenWardReadsAreNotInTheAuditLog',
    series: 'openward_part_degraded{part="audit_spool",instance="a"}',
    values: '0 1x30',
    silent_at: 9,
    fires_at: 12,
  },
  {
    alert: 'OpenWardFails',
    series: 'openward_request_seconds_count{status="500",instance="a"}',
    values: '0 0 1+1x30',
    silent_at: 1,
    fires_at: 8,
  },
  {
    alert: 'OpenWardLockIsHeld',
    series: 'openward_database_lock_age_seconds{instance="a"}',
    values: '0+60x30',
    silent_at: 2,
    fires_at: 5,
  },
  {
    alert: 'OpenWardBackupIsOld',
    series: 'openward_backup_age_seconds{instance="a"}',
    values: '172740+60x30',
    silent_at: 1,
    fires_at: 2,
  },
  {
    alert: 'OpenWardBackupLogIsOld',
    series: 'openward_backup_log_age_seconds{instance="a"}',
    values: '0+60x40',
    silent_at: 15,
    fires_at: 22,
  },
  {
    alert: 'OpenWardEmergencyCopyIsOld',
    series: 'openward_emergency_copy_age_seconds{instance="a"}',
    values: '0+60x40',
    silent_at: 15,
    fires_at: 18,
  },
]

for (const { alert, series, values, silent_at, fires_at } of alarms)
  test(`${alert} is silent after ${silent_at} minutes and fires after ${fires_at}`, () => {
    const asked = (eval_minutes: number, fires: boolean) => ({
      expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
      eval_time: `${eval_minutes}m`,
      exp_samples: [{ labels: '{}', value: fires ? 1 : 0 }],
    })
    const file = join(directory, `${alert}.yaml`)
    writeFileSync(
      file,
      stringify({
        rule_files: [rules],
        evaluation_interval: '30s',
        tests: [
          {
            interval: '1m',
            input_series: [{ series, values }],
            promql_expr_test: [asked(silent_at, false), asked(fires_at, true)],
          },
        ],
      }),
    )
    const { status, output } = promtool('test', 'rules', file)
    assert.equal(status, 0, output)
  })
