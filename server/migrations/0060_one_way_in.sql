-- Whoever signs in with their organisation has no password here: it would go on working after the organisation has shut them out. Nor
-- have they a printed one to change.
update users
   set password_hash = null, must_change_password = false, authority_version = authority_version + must_change_password::int
 where external_subject is not null and (password_hash is not null or must_change_password);
