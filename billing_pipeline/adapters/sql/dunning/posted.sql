-- Messages by the fingerprint of their Message-ID, as adapters/mail.py makes it.
-- in: fingerprints text[]    out: fingerprint, message_id, state text, sent_at timestamptz
select p.fingerprint, m.message_id, m.state, m.sent_at
from messages m
cross join lateral (select left(encode(sha256(convert_to(m.message_id, 'UTF8')), 'hex'), 32) as fingerprint) p
where p.fingerprint = any(cast(:fingerprints as text[]))
