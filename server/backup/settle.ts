// What means something in its own PostgreSQL only: numbers of transactions, which begin anew in another.
import type pg from 'pg'

/**
 * Gives rows that came from another PostgreSQL numbers that lie before every transaction of this one. The audit log needs none: what is
 * sealed is passed over by its leaf, and what is not is looked for (audit/seal.ts).
 */
export async function settleTransactions(client: pg.Client): Promise<void> {
  // What each relay has told stays told, and what it has not is still to come: an event has the number of relays that stood before it.
  await client.query(`
    update public.events as event
       set recorded_xid = (select count(*) from (select distinct settled_xid, event_id from public.event_relays) as place
                            where (place.settled_xid, place.event_id) < (event.recorded_xid, event.id))::text::xid8`)
  await client.query(`
    update public.event_relays as relay set settled_xid = place.number::text::xid8, event_id = '00000000-0000-0000-0000-000000000000'
      from (select name, dense_rank() over (order by settled_xid, event_id) as number from public.event_relays) as place
     where place.name = relay.name`)
  // A change is added to the state that its own transaction has made, and to no other.
  for (const table of ['doctor_states', 'resource_states'])
    await client.query(`update public.${table} set recorded_xid = '0'`)
}
