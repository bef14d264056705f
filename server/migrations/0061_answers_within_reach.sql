-- Whether all records that a kept answer is about were within the caller's reach when it was given: then they must be so still when
-- it is shown again. Whose they are stands in the sealed answer.
alter table idempotency_keys add column was_in_reach boolean;
