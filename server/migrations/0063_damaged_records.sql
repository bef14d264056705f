-- A reminder whose record cannot be read is skipped and says so. What is there already follows the narrower rule: it need not be read,
-- and nobody waits.
alter table notices drop constraint notices_skipped_check,
  add constraint notices_skipped_check check (skipped in ('no_address', 'not_wanted', 'too_late', 'record_damaged')) not valid;
