-- Under row-level security an overlap cannot begin an index: whoever took a room looked for ended holds among all its reservations
-- of all years. Holds that nobody ended are few.
create index resource_reservations_held on resource_reservations (resource_id, held_until)
  where held_until is not null and cancelled_at is null;
