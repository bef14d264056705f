// Utilization of doctors, trends of appointments, use of beds, rooms and devices.
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { addresses } from '../addresses.ts'
import { useHouseWords } from '../arrange-house/house-words.ts'
import { call } from '../connection/call.ts'
import { analyticsApi } from '#contracts/analytics/analytics'
import { ResourceType } from '#contracts/resources/resource'
import { useDoctors } from '../day-calendar/day.ts'
import { useDepartments } from '../look-after-accounts/administration.tsx'
import { FigurePage } from './figure-page.tsx'
import { useFigureWords } from './figures.tsx'
import { useResourceNames } from './resource-names.ts'

const utilizationRoute = getRouteApi(`/closed${addresses.utilization}`)
const trendsRoute = getRouteApi(`/closed${addresses.trends}`)
const usageRoute = getRouteApi(`/closed${addresses.usage}`)

const utilizationGroups = ['doctor', 'department', 'day', 'week', 'month'] as const
const trendGroups = ['day', 'week', 'month'] as const
const usageGroups = ['ward', 'type', 'resource', 'day', 'week', 'month'] as const

const oneOf = <T extends string>(options: readonly [T, ...T[]], text: string | undefined): T =>
  options.find((option) => option === text) ?? options[0]

export function UtilizationPage() {
  const words = useFigureWords()
  const navigate = useNavigate()
  const search = utilizationRoute.useSearch()
  const doctors = useDoctors()
  const departments = useDepartments()
  const by = oneOf(utilizationGroups, search.by)
  return (
    <FigurePage
      title={words.utilization}
      subject="doctor_utilization"
      first="utilization"
      search={search}
      groups={utilizationGroups}
      by={by}
      onSearch={(next) => void navigate({ to: addresses.utilization, search: next })}
      ask={() => call(analyticsApi.doctor_utilization, { query: { from: search.from, to: search.to, group_by: by } })}
      label={({ doctor_id, department_id }) => {
        const doctor = doctors.data?.find(({ id }) => id === doctor_id)
        if (doctor) return `${doctor.first_name} ${doctor.last_name}`
        if (by === 'doctor') return words.unknown
        if (by !== 'department') return undefined
        return departments.data?.find(({ id }) => id === department_id)?.name ?? words.unknown
      }}
    />
  )
}

export function TrendsPage() {
  const words = useFigureWords()
  const navigate = useNavigate()
  const search = trendsRoute.useSearch()
  const by = oneOf(trendGroups, search.by)
  return (
    <FigurePage
      title={words.trends}
      subject="appointment_trends"
      first="appointments"
      search={search}
      groups={trendGroups}
      by={by}
      onSearch={(next) => void navigate({ to: addresses.trends, search: next })}
      ask={() => call(analyticsApi.appointment_trends, { query: { from: search.from, to: search.to, group_by: by } })}
    />
  )
}

export function UsagePage() {
  const words = useFigureWords()
  const navigate = useNavigate()
  const search = usageRoute.useSearch()
  const { kinds } = useHouseWords()
  const names = useResourceNames(search.by === 'resource')
  const by = oneOf(usageGroups, search.by)
  return (
    <FigurePage
      title={words.usage}
      subject="resource_usage"
      first="occupancy"
      search={search}
      groups={usageGroups}
      by={by}
      onSearch={(next) => void navigate({ to: addresses.usage, search: next })}
      ask={() => call(analyticsApi.resource_usage, { query: { from: search.from, to: search.to, group_by: by } })}
      label={({ type, ward, resource_id }) => {
        if (typeof resource_id === 'string') return names.get(resource_id) ?? words.unknown
        const kind = ResourceType.options.find((one) => one === type)
        const parts = [kind && kinds[kind], ward].filter((part) => typeof part === 'string')
        return parts.length === 0 ? undefined : parts.join(' · ')
      }}
    />
  )
}
