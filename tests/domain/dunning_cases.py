"""A late invoice and a policy for the tests of dunning decisions: each test says only what differs."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.dunning_cases import Card, LateInvoice, Taken
from billing_pipeline.domain.dunning_policy import Action, Ladder, Policy, Segment, Step, Timing
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import AccountId, InvoiceId, PaymentIntentId, PaymentMethodId
from billing_pipeline.domain.money import Money

DUE = date(2026, 3, 3)
FAILED_AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
STEPS = (
    Step("retry-1", 1, Action.RETRY),
    Step("reminder", 2, Action.MAIL, "payment_failed"),
    Step("retry-2", 4, Action.RETRY),
    Step("final", 9, Action.MAIL, "final_notice"),
    Step("suspend", 12, Action.SUSPEND, "suspended"),
    Step("cancel", 30, Action.CANCEL, "canceled"),
    Step("write-off", 60, Action.WRITE_OFF),
)
LADDER = Ladder("standard", STEPS)
POLICY = Policy(
    version="test",
    languages=("en",),
    ladders={"standard": LADDER},
    segments=(Segment("all", "standard"),),
    timing=Timing(morning=time(9), quiet_from=time(20), quiet_until=time(8)),
)
CARD = Card(PaymentMethodId("pm_1"), "visa", "fp_1", FAILED_AT - timedelta(days=99), (FAILED_AT,))
LATE = LateInvoice(
    invoice=InvoiceId("inv-1"),
    account=AccountId("acme"),
    owed=Money(4900, Currency("usd")),
    late_since=DUE,
    intent=PaymentIntentId("pi_1"),
    intent_status="requires_payment_method",
    failures=1,
    codes=Codes(code="card_declined", decline="generic_decline"),
    last_failed_at=FAILED_AT,
    tried_fingerprint="fp_1",
    card=CARD,
)


def late(**values: Any) -> LateInvoice:
    return replace(LATE, **values)


def declined(word: str, **values: Any) -> LateInvoice:
    return late(codes=Codes(code="card_declined", decline=word), **values)


def day(late_days: int, hour: int = 12) -> datetime:
    """That hour (UTC) so many days after the due date."""
    return datetime(DUE.year, DUE.month, DUE.day, hour, tzinfo=UTC) + timedelta(days=late_days)


def taken(**days: int) -> dict[str, Taken]:
    """Steps taken at noon, by name (with _ for -) and late day."""
    actions = {step.name: str(step.action) for step in STEPS}
    names = {name.replace("_", "-"): late_days for name, late_days in days.items()}
    return {name: Taken(day(late_days), actions[name]) for name, late_days in names.items()}


def with_ladder(*steps: Step, grace_days: int = 0) -> Policy:
    return replace(POLICY, ladders={"standard": Ladder("standard", steps, grace_days)})
