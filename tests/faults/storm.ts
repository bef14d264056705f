// A storm of serialization failures and deadlocks, as PostgreSQL raises them: in the middle of a transaction, or only when it commits.
import type { Cluster } from '../cluster.ts'

const tables = ['patients', 'appointments', 'audit_logs'] as const

/** Until one is called up there is none. */
export async function prepareStorms(cluster: Pick<Cluster, 'rows'>): Promise<void> {
  await cluster.rows(`
    create schema storm;
    create table storm.force (share real not null);
    insert into storm.force values (0);
    create sequence storm.raised;
    create function storm.raise() returns trigger language plpgsql security definer set search_path = storm as $$
    begin
      if random() < (select share from force) then
        perform nextval('raised');
        raise exception 'could not serialize access'
          using errcode = case when random() < 0.5 then 'serialization_failure' else 'deadlock_detected' end;
      end if;
      return null;
    end $$;`)
  for (const table of tables) {
    await cluster.rows(`
      create trigger storm after insert or update on ${table} for each row execute function storm.raise();
      create constraint trigger storm_at_commit after insert or update on ${table} deferrable initially deferred
        for each row execute function storm.raise();`)
  }
}

/** `share` of all rows that are written from now on are refused. */
export async function setStorm(cluster: Pick<Cluster, 'rows'>, share: number): Promise<void> {
  await cluster.rows('update storm.force set share = $1', [share])
}

export async function countRaised(cluster: Pick<Cluster, 'rows'>): Promise<number> {
  const [row] = await cluster.rows<{ count: number }>(
    'select case when is_called then last_value else 0 end::int as count from storm.raised',
  )
  return row?.count ?? 0
}
