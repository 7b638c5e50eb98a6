"""What really happened after first failures, from the attempts, the invoices and the cards in PostgreSQL."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.collecting import codes_from
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.dunning import BUDGET_DAYS
from billing_pipeline.domain.dunning_cases import Card, LateInvoice
from billing_pipeline.domain.dunning_history import History, Observed, Told, is_payday, kind_of
from billing_pipeline.domain.dunning_replay import Case
from billing_pipeline.domain.ids import PaymentIntentId, PaymentMethodId
from billing_pipeline.domain.money import Money


@dataclass(frozen=True, slots=True)
class DunningHistory:
    """The past, for the time machine."""

    db: Database

    def history(self, from_day: date, to_day: date) -> History:
        """Every invoice whose first charge failed on one of those days (UTC), and every retry after it."""
        from_at = datetime.combine(from_day, time(), UTC)
        to_at = datetime.combine(to_day, time(), UTC) + timedelta(days=1)
        told = [_told(row) for row in self.db.rows("dunning/history", from_at=from_at, to_at=to_at)]
        cases = {one.case.late.invoice: one.case for one in told}
        retries = self.db.rows("dunning/history_retries", from_at=from_at, to_at=to_at)
        firsts = self.db.rows("dunning/first_tries", from_at=from_at - timedelta(days=BUDGET_DAYS))
        return History(
            told,
            [_observed(row, cases[row.invoice_id]) for row in retries if row.invoice_id in cases],
            {row.fingerprint: row.tries for row in firsts},
        )


def _observed(row: Row[Any], case: Case) -> Observed:
    kind = kind_of(case, row.fingerprint)
    return Observed(kind, is_payday(row.started_at, case.late.zone), int(row.nth), row.succeeded)


def _told(row: Row[Any]) -> Told:
    """One row of dunning/history.sql: the invoice as it stood right after its first failure, and its end."""
    card = None
    if row.fingerprint:
        method = PaymentMethodId(f"as of {row.failed_at:%Y-%m-%d}")
        card = Card(method, row.brand, row.fingerprint, row.failed_at, (row.failed_at,))
    late = LateInvoice(
        invoice=row.invoice_id,
        account=row.account_id,
        owed=Money(row.due_minor, Currency(row.currency)),
        late_since=row.due_on,
        zone=row.zone,
        country=row.country,
        kind=row.kind,
        plan=row.plan_id,
        language=row.locale,
        collection_method=row.collection_method,
        charger=row.charger,
        intent=PaymentIntentId(f"intent of {row.invoice_id}"),
        failures=1,
        codes=codes_from(row.codes),
        last_failed_at=row.failed_at,
        tried_fingerprint=row.fingerprint,
        card=card,
    )
    return Told(Case(late, row.failed_at), row.paid_at, row.by_retry, _later_card(row))


def _later_card(row: Row[Any]) -> Card | None:
    if row.card_id is None:
        return None
    return Card(row.card_id, row.card_brand, row.card_fingerprint, row.card_at)
