"""A made-up world for comparing policies: a documented mix of declines whose hidden truth is the same for every policy.

Not a forecast. The mix and the chances below are assumptions in the range of published figures; what the model is good
for is the difference between policies under equal luck. All chances are parts per million; luck comes from a seed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.dunning_cases import Card, LateInvoice
from billing_pipeline.domain.dunning_replay import CERTAIN, Case, Notified
from billing_pipeline.domain.dunning_timing import local_day, local_hour
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import AccountId, InvoiceId, PaymentIntentId, PaymentMethodId
from billing_pipeline.domain.money import Money

PERCENT: Final = CERTAIN // 100

MIX: Final[tuple[tuple[str, int], ...]] = (
    ("insufficient_funds", 44),
    ("do_not_honor", 15),
    ("generic_decline", 10),
    ("expired_card", 10),
    ("lost_card", 6),
    ("transaction_not_allowed", 4),
    ("issuer_not_available", 4),
    ("authentication_required", 4),
    ("incorrect_cvc", 3),
)
"""First declines, in percent of all."""

WAGES_ARRIVE: Final = 45 * PERCENT  # that a payday (1st, 15th) fills an empty account enough
WAGES_LAST_DAYS_MAX: Final = 5  # then the money is spent again, after 1 to 5 days
WINDFALL: Final = 5 * PERCENT  # that the account is filled on any other day
NEVER_AGAIN: Final = 45 * PERCENT  # of vague declines (do_not_honor, generic_decline): the bank says no to every try
BANK_MOOD: Final = 20 * PERCENT  # else: that the bank says yes on a given day
NIGHT: Final = 60  # percent of that chance between 20:00 and 08:00 local time
OUTAGE_ENDS: Final = timedelta(hours=6)
OUTAGE_OVER: Final = 90 * PERCENT  # that the bank then says yes
CARD_UPDATER: Final = 30 * PERCENT  # of expired and lost cards: the network brings the new number within 3 to 20 days
NEW_CARD_WORKS: Final = 85 * PERCENT
REACTS: Final = {"payment_failed": 12, "escalation": 8, "final_notice": 10, "suspended": 18, "canceled": 2}
"""Percent of customers who pay because of that message, within three days."""
ZONES: Final = ("America/New_York", "America/Los_Angeles", "Europe/Berlin", "Europe/London", "Asia/Tokyo")
AMOUNTS: Final = (1900, 4900, 4900, 9900, 19900, 49900, 129900)
FIRST_DAY: Final = date(2026, 1, 1)
DAYS: Final = 90  # first failures are spread over so many days


@dataclass(frozen=True, slots=True)
class Model:
    """The hidden truth of one seed."""

    seed: int

    def draw(self, *names: object) -> int:
        """A number from 0 to CERTAIN - 1 that depends on the seed and the names only."""
        text = "|".join(map(str, (self.seed, *names)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % CERTAIN

    def cases(self, count: int) -> list[Case]:
        """That many invoices, each right after its first failure."""
        return [self._case(number) for number in range(count)]

    def _case(self, number: int) -> Case:
        name = f"case-{number}"
        zone = ZONES[self.draw(name, "zone") % len(ZONES)]
        failed_at = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(
            days=self.draw(name, "day") % DAYS, minutes=self.draw(name, "minute") % 1440
        )
        card = Card(PaymentMethodId(f"pm-{name}"), "visa", f"fp-{name}", failed_at - timedelta(days=90), (failed_at,))
        late = LateInvoice(
            invoice=InvoiceId(name),
            account=AccountId(name),
            owed=Money(AMOUNTS[self.draw(name, "amount") % len(AMOUNTS)], Currency("usd")),
            late_since=local_day(failed_at, zone),
            zone=zone,
            kind="consumer" if self.draw(name, "kind") < 40 * PERCENT else "business",
            intent=PaymentIntentId(f"pi-{name}"),
            failures=1,
            codes=Codes(code="card_declined", decline=self._decline(name)),
            last_failed_at=failed_at,
            tried_fingerprint=card.fingerprint,
            card=card,
        )
        return Case(late, failed_at)

    def _decline(self, name: str) -> str:
        point = self.draw(name, "decline") * 100 // CERTAIN
        for word, share in MIX:
            if point < share:
                return word
            point -= share
        return MIX[0][0]

    def retry_chance(self, case: Case, card: Card, at: datetime, nth: int) -> int:
        """CERTAIN or 0: whether this try succeeds. The same moment gives the same answer, whoever asks."""
        name, word = case.late.invoice, case.late.codes.decline
        if card.fingerprint != f"fp-{name}":
            return CERTAIN if self.draw(name, "new card works") < NEW_CARD_WORKS else 0
        if word == "insufficient_funds":
            return CERTAIN if self._has_funds(name, local_day(at, case.late.zone)) else 0
        if word in ("do_not_honor", "generic_decline"):
            return CERTAIN if self._bank_agrees(case, at) else 0
        if word == "issuer_not_available" and at >= case.failed_at + OUTAGE_ENDS:
            return CERTAIN if self.draw(name, "outage over") < OUTAGE_OVER else 0
        return 0

    def _has_funds(self, name: str, day: date) -> bool:
        """Whether wages of a recent payday are still there, or the day brought something."""
        for back in range(WAGES_LAST_DAYS_MAX):
            payday = day - timedelta(days=back)
            arrived = payday.day in (1, 15) and self.draw(name, "wages", payday) < WAGES_ARRIVE
            if arrived and back <= self.draw(name, "wages last", payday) % WAGES_LAST_DAYS_MAX:
                return True
        return self.draw(name, "windfall", day) < WINDFALL

    def _bank_agrees(self, case: Case, at: datetime) -> bool:
        name, zone = case.late.invoice, case.late.zone
        if self.draw(name, "never again") < NEVER_AGAIN:
            return False
        is_night = not 8 <= local_hour(at, zone) < 20
        chance = BANK_MOOD * (NIGHT if is_night else 100) // 100
        return self.draw(name, "mood", local_day(at, zone)) < chance

    def pays_at(self, case: Case, notified: Sequence[Notified]) -> datetime | None:
        """Up to three days after the first message that moves this customer."""
        name = case.late.invoice
        for notice in notified:
            if self.draw(name, "reacts", notice.template) < REACTS.get(notice.template, 0) * PERCENT:
                return notice.at + timedelta(minutes=self.draw(name, "delay", notice.template) % (3 * 1440))
        return None

    def new_card(self, case: Case, at: datetime) -> Card | None:
        """The card that the network's updater put in, from its day on."""
        name = case.late.invoice
        if case.late.codes.decline not in ("expired_card", "lost_card") or self.draw(name, "updater") >= CARD_UPDATER:
            return None
        arrives_at = case.failed_at + timedelta(days=3 + self.draw(name, "updated") % 18)
        return Card(PaymentMethodId(f"pm2-{name}"), "visa", f"fp2-{name}", arrives_at) if at >= arrives_at else None
