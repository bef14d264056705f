// The only reader of the environment. Every variable is checked before anything starts, all faults are told at once.
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { auditFaults, type AuditSettings, auditSettings, auditVariables } from './audit/variables.ts'
import { type BackupSettings, backupFaults, backupSettings, backupVariables } from './backup/variables.ts'
import {
  emergencyFaults,
  type EmergencySettings,
  emergencySettings,
  emergencyVariables,
} from './emergency/variables.ts'
import { DatabaseAddress } from './database/address.ts'
import { isHostEntry } from './outbound/address.ts'
import { networkFaults, type NetworkSettings, networkSettings, networkVariables } from './http/network-variables.ts'
import { mailFaults, type MailSettings, mailSettings, mailVariables } from './mail/variables.ts'
import { serviceFaults, type ServiceSettings, serviceSettings, serviceVariables } from './services/variables.ts'
import { tracingVariables } from './tracing/variables.ts'
import { type StorageSettings, storageSettings, storageVariables } from './storage/variables.ts'

const text = z.string().trim().min(1)
const list = text.transform((value) => value.split(',').map((item) => item.trim()))
const integer = (least: number, most: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(least).max(most))
const isZone = (zone: string) => Intl.supportedValuesOf('timeZone').includes(zone) || zone === 'UTC'

const Variables = z.object({
  NODE_ENV: z.string().optional(),
  PORT: integer(0, 65_535).default(8000),
  HOST: text.default('127.0.0.1'),
  OPENWARD_ENV: z.enum(['development', 'production']).default('development'),
  DATABASE_URL: DatabaseAddress.optional(),
  DATABASE_REPLICA_URL: DatabaseAddress.optional(),
  REDIS_URL: text.regex(/^rediss?:\/\//, 'must begin with redis://').optional(),
  OPENWARD_DATA_DIR: text.default('./data'),
  OPENWARD_MASTER_KEY: text.optional(),
  OPENWARD_MASTER_KEY_FILE: text.optional(),
  OPENWARD_KMS_URL: list.default([]),
  OPENWARD_ADMIN_EMAIL: z.email('must be an e-mail address').optional(),
  OPENWARD_ADMIN_PASSWORD: z.string().min(15, 'must have 15 characters or more').optional(),
  OPENWARD_COUNTRY: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166 code of two capital letters')
    .default('US'),
  OPENWARD_TIMEZONE: text
    .refine(isZone, 'must be an IANA time zone such as Europe/Berlin')
    .default(() => Temporal.Now.timeZoneId()),
  OPENWARD_LANGUAGE: z.enum(['en', 'es']).default('en'),
  OPENWARD_PUBLIC_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }).optional(),
  ...networkVariables,
  ...serviceVariables,
  OPENWARD_RATE_LIMIT: z.enum(['on', 'off']).default('on'),
  OPENWARD_IDLE_MINUTES: integer(5, 60).default(30),
  OPENWARD_DRAIN_SECONDS: integer(0, 20).optional(),
  /** A folder of rules of the hospital's own, or none. */
  OPENWARD_PRESCRIPTION_RULES: text.optional(),
  /** `host` or `host:port`: where webhooks may lead inside. */
  OPENWARD_WEBHOOK_ALLOWED_HOSTS: list.default([]),
  OPENWARD_PASSWORD_FORM: z.enum(['on', 'off']).default('on'),
  OPENWARD_LOCAL_PASSWORDS: z.enum(['on', 'off']).default('on'),
  ...mailVariables,
  ...storageVariables,
  ...backupVariables,
  ...emergencyVariables,
  ...auditVariables,
  OIDC_ISSUER: z.url('must be an address').optional(),
  OIDC_CLIENT_ID: text.optional(),
  OIDC_CLIENT_SECRET: text.optional(),
  OIDC_GROUPS_CLAIM: text.default('groups'),
  /** `group=role,group=role`; a person in none of these groups is refused. */
  OIDC_GROUP_ROLES: list.default([]),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ...tracingVariables,
})

/** Every variable that OpenWard reads; docs/configuration.md explains each. */
export const knownVariables = Object.keys(Variables.shape).filter((name) => name !== 'NODE_ENV')

export type Configuration = Readonly<{
  production: boolean
  port: number
  host: string
  database_url: string | undefined
  replica_url: string | undefined
  redis_url: string | undefined
  data_directory: string
  /** Base64 of 32 bytes each, newest first; undefined in development before the first start. */
  master_keys: string | undefined
  /** Addresses of keys in a vault, newest first: where it wraps the key-encryption keys. */
  kms_urls: readonly string[]
  admin_email: string | undefined
  admin_password: string | undefined
  country: string
  timezone: string
  language: 'en' | 'es'
  public_url: string
  rate_limit: boolean
  /** Refuse early when the event loop falls behind; follows `rate_limit`. */
  shed_load: boolean
  idle_minutes: number
  /** How long a server that was told to end goes on answering after readiness is withdrawn. */
  drain_seconds: number
  /** A folder, or `none`; undefined: the rules that ship. */
  prescription_rules: string | undefined
  webhook_allowed_hosts: readonly string[]
  password_form: boolean
  local_passwords: boolean
  oidc:
    | {
        issuer: string
        client_id: string
        client_secret: string | undefined
        groups_claim: string
        /** In the order in which they are tried. */
        group_roles: readonly (readonly [group: string, role: string])[]
      }
    | undefined
  log_level: string
  /** Where traces are sent to, without the `/v1/traces`. */
  trace_endpoint: string | undefined
  /** Of the requests and jobs that nobody has decided about yet, from 0 to 1. */
  trace_share: number
}> &
  AuditSettings &
  NetworkSettings &
  MailSettings &
  StorageSettings &
  BackupSettings &
  EmergencySettings &
  ServiceSettings

export class ConfigurationError extends Error {
  constructor(faults: readonly string[]) {
    super(`OpenWard cannot start with this configuration:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.name = 'ConfigurationError'
  }
}

/**
 * The environment of this process, and beneath it, in development, the lines of `.env` in the working directory.
 * Production is configured by its environment alone: a file that lies about must not decide.
 */
export function readEnvironment(): Record<string, string | undefined> {
  if (process.env.OPENWARD_ENV === 'production' || !existsSync('.env')) return process.env
  const file = parseEnv(readFileSync('.env', 'utf8'))
  if (file.OPENWARD_ENV === 'production')
    throw new ConfigurationError([
      'OPENWARD_ENV=production stands in .env, which is read in development only: set it in the environment',
    ])
  return { ...file, ...process.env }
}

/** Address of a key in a vault: the vault, the key's name, and its version where one is named. */
export const keyAddress = /^(https:\/\/[^/]+)\/keys\/([0-9a-zA-Z-]{1,127})(?:\/([0-9a-zA-Z]{1,64}))?$/
const foreign = /^(OPENWARD_(?!TEST_)|OIDC_)/

/**
 * Reads and checks the configuration.
 * @throws ConfigurationError naming each variable at fault and what to do
 */
export function readConfiguration(environment: Record<string, string | undefined>): Configuration {
  const unknown = Object.keys(environment)
    .filter((name) => foreign.test(name) && !(name in Variables.shape))
    .map(
      (name) =>
        `${name} is not a variable that OpenWard knows: remove it or mend its name (docs/configuration.md lists them all)`,
    )
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  )
  const parsed = Variables.safeParse(given)
  if (!parsed.success) {
    throw new ConfigurationError([
      ...parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`),
      ...unknown,
    ])
  }
  const faults = [...unknown]
  const variables = parsed.data
  const production = variables.OPENWARD_ENV === 'production'
  if (variables.OPENWARD_MASTER_KEY && variables.OPENWARD_MASTER_KEY_FILE)
    faults.push('OPENWARD_MASTER_KEY and OPENWARD_MASTER_KEY_FILE are both set: keep one of them')
  if (!variables.OPENWARD_KMS_URL.every((url) => keyAddress.test(url)))
    faults.push(
      'OPENWARD_KMS_URL must be the address of a key, such as https://NAME.vault.azure.net/keys/KEY; several are comma-separated, newest first',
    )
  if (!variables.OPENWARD_WEBHOOK_ALLOWED_HOSTS.every(isHostEntry))
    faults.push(
      'OPENWARD_WEBHOOK_ALLOWED_HOSTS must list hosts such as engine.hospital.example or 10.1.2.3:8443, comma-separated: no addresses with https://, no wildcards',
    )
  faults.push(
    ...networkFaults(variables),
    ...mailFaults(variables),
    ...auditFaults(variables),
    ...backupFaults({ ...variables, production }),
    ...emergencyFaults(variables),
    ...serviceFaults(variables),
  )
  if (production) faults.push(...productionFaults(variables))
  if (faults.length > 0) throw new ConfigurationError(faults)
  return {
    production,
    port: variables.PORT,
    host: variables.HOST,
    database_url: variables.DATABASE_URL,
    replica_url: variables.DATABASE_REPLICA_URL,
    redis_url: variables.REDIS_URL,
    data_directory: resolve(variables.OPENWARD_DATA_DIR),
    master_keys:
      variables.OPENWARD_MASTER_KEY ?? readKeyFile('OPENWARD_MASTER_KEY_FILE', variables.OPENWARD_MASTER_KEY_FILE),
    kms_urls: variables.OPENWARD_KMS_URL,
    admin_email: variables.OPENWARD_ADMIN_EMAIL,
    admin_password: variables.OPENWARD_ADMIN_PASSWORD,
    country: variables.OPENWARD_COUNTRY,
    timezone: variables.OPENWARD_TIMEZONE,
    language: variables.OPENWARD_LANGUAGE,
    public_url: (variables.OPENWARD_PUBLIC_URL ?? `http://localhost:${variables.PORT}`).replace(/\/$/, ''),
    ...networkSettings(variables),
    rate_limit: variables.OPENWARD_RATE_LIMIT === 'on',
    shed_load: variables.OPENWARD_RATE_LIMIT === 'on',
    idle_minutes: variables.OPENWARD_IDLE_MINUTES,
    drain_seconds: variables.OPENWARD_DRAIN_SECONDS ?? (production ? 10 : 0),
    prescription_rules: variables.OPENWARD_PRESCRIPTION_RULES,
    webhook_allowed_hosts: variables.OPENWARD_WEBHOOK_ALLOWED_HOSTS.map((entry) => entry.toLowerCase()),
    password_form: variables.OPENWARD_PASSWORD_FORM === 'on',
    local_passwords: variables.OPENWARD_LOCAL_PASSWORDS === 'on',
    ...mailSettings(variables),
    ...auditSettings(variables),
    ...storageSettings(variables),
    ...backupSettings(variables, readKeyFile),
    ...emergencySettings(variables),
    ...serviceSettings(variables),
    oidc: readOidc(variables),
    log_level: variables.LOG_LEVEL,
    trace_endpoint: variables.OTEL_EXPORTER_OTLP_ENDPOINT,
    trace_share: variables.OPENWARD_TRACE_SHARE,
  }
}

function productionFaults(variables: z.output<typeof Variables>): string[] {
  const faults: string[] = []
  const known = ['changeme', 'secret', 'password']
  if (!variables.OPENWARD_MASTER_KEY && !variables.OPENWARD_MASTER_KEY_FILE && variables.OPENWARD_KMS_URL.length === 0)
    faults.push(
      'OPENWARD_MASTER_KEY, OPENWARD_MASTER_KEY_FILE or OPENWARD_KMS_URL must be set in production: make one with `openward keys generate` and keep it apart from the backups',
    )
  if (!variables.OPENWARD_PUBLIC_URL?.startsWith('https://'))
    faults.push('OPENWARD_PUBLIC_URL must be the https:// address that people use, in production')
  if (variables.OPENWARD_RATE_LIMIT === 'off')
    faults.push('OPENWARD_RATE_LIMIT=off is for load tests: remove it in production')
  if (known.some((word) => variables.OPENWARD_ADMIN_PASSWORD?.toLowerCase().includes(word)))
    faults.push(
      'OPENWARD_ADMIN_PASSWORD is a well-known one: choose another, or remove it and one is made and printed once',
    )
  return faults
}

function readKeyFile(variable: string, path: string | undefined): string | undefined {
  if (!path) return undefined
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    throw new ConfigurationError([
      `${variable} cannot be read: check that the file exists and that this user may read it`,
    ])
  }
}

function readOidc(variables: z.output<typeof Variables>): Configuration['oidc'] {
  if (!variables.OIDC_ISSUER) return undefined
  if (!variables.OIDC_CLIENT_ID) throw new ConfigurationError(['OIDC_CLIENT_ID must be set when OIDC_ISSUER is'])
  const group_roles = variables.OIDC_GROUP_ROLES.map((pair) => {
    const [group, role, ...more] = pair.split('=')
    if (!group || !role || more.length > 0)
      throw new ConfigurationError(['OIDC_GROUP_ROLES must read group=role,group=role'])
    return [group, role] as const
  })
  return {
    issuer: variables.OIDC_ISSUER,
    client_id: variables.OIDC_CLIENT_ID,
    client_secret: variables.OIDC_CLIENT_SECRET,
    groups_claim: variables.OIDC_GROUPS_CLAIM,
    group_roles,
  }
}
