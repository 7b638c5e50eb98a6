"""Revenue and fees in the warehouse, held against the books: prices with tax in them, unused time, losses, every fee."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables import billing, catalog
from billing_pipeline.adapters.warehouse import read_published
from billing_pipeline.domain.billing_entries import Portions, When, written_off
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.domain.ledger import Entry, LedgerAccount, postings
from billing_pipeline.flows.recognise_revenue import recognise_revenue
from tests.clusters import Cluster
from tests.reconciliation.published import published
from tests.seeds import add, insert_invoice, insert_subscription
from tests.two_books import PAID_AT, TwoBooks

YEN = Currency("jpy")


@pytest.fixture(scope="module", params=["UTC", "Pacific/Auckland"])
def path(
    request: pytest.FixtureRequest, cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A published warehouse with one invoice of 1,102 yen, 100 of them tax, less 55 for unused time, 5 of them tax.

    Its month of service begins at midnight of 11 January in the zone of the closes, whichever that is.
    """
    with published(cluster, template, tmp_path_factory.mktemp("home"), fill, request.param) as made:
        yield made


def fill(books: TwoBooks) -> None:
    db, kyoto, zone = books.db, AccountId("kyoto"), ZoneInfo(books.zone)
    start, end = datetime(2026, 1, 11, tzinfo=zone), datetime(2026, 2, 11, tzinfo=zone)
    add(db, catalog.tax_rates, tax_rate_id="jct", name="JCT", jurisdiction="JP", rate_ppm=100_000, inclusive=True)
    books.customer("kyoto", currency="jpy")
    insert_subscription(db, "s-kyoto", "kyoto", currency="jpy")
    insert_invoice(
        db, "inv-y", "kyoto", subscription_id="s-kyoto", currency="jpy", issued_at=start, total_minor=1047, tax_minor=95,
        subtotal_minor=1047, period_start=start, period_end=end,
    )  # fmt: skip
    for line_no, kind, amount_minor, tax_minor in ((1, "item", 1102, 100), (2, "unused_time", -55, -5)):
        add(
            db, billing.invoice_lines, invoice_id="inv-y", line_no=line_no, kind=kind, description="plan",
            amount_minor=amount_minor, tax_minor=tax_minor, tax_rate_id="jct", period_start=start, period_end=end,
        )  # fmt: skip
    issued = postings(
        (LedgerAccount.RECEIVABLE, 1047, kyoto), (LedgerAccount.DEFERRED_REVENUE, -1002, None),
        (LedgerAccount.DEFERRED_REVENUE, 50, None), (LedgerAccount.TAX_PAYABLE, -95, None),
    )  # fmt: skip
    inv, at = InvoiceId("inv-y"), start.astimezone(UTC)
    books.book(Entry("invoice:inv-y", "invoice_issued", YEN, at, start.date(), issued, inv, kyoto))
    for txn, amount_minor, fee_minor, category in (
        ("txn_network", -40, 0, "network_cost"), ("txn_climate", -20, 0, "contribution"), ("txn_topup", 1000, 7, "topup"),
    ):  # fmt: skip
        books.transaction(txn, amount_minor, fee_minor, category, None, PAID_AT)
    recognise_revenue(LedgerStore(db), books.clock, date(2026, 1, 31), zone=books.zone)
    lost = When(datetime(2026, 2, 1, tzinfo=UTC), date(2026, 2, 1))
    books.book(written_off(InvoiceId("inv-y"), kyoto, YEN, Portions(unearned_minor=200, earned_minor=100), lost))


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in read_published(path, query)]


def test_the_waterfall_ends_where_the_books_defer(path: Path) -> None:
    (later,), (closing,) = (
        ask(path, "select sum(earned_minor) from marts.deferred_revenue_waterfall where currency = 'jpy' "
            "and service_month > date '2026-01-01'"),
        ask(path, "select closing_minor from marts.deferred_revenue where currency = 'jpy' and month = date '2026-01-01'"),
    )  # fmt: skip

    assert later == closing == (1002 - 679 - (50 - 34),)


def test_what_was_added_earned_and_taken_back_are_told_apart(path: Path) -> None:
    rows = ask(
        path,
        "select added_minor, earned_minor, taken_back_minor, closing_minor from marts.deferred_revenue "
        "where currency = 'jpy' order by month",
    )

    assert rows == [(952, 645, 0, 307), (0, 0, 200, 107)]


def test_what_deferred_revenue_earned_is_what_revenue_got(path: Path) -> None:
    (earned,), (got,) = (
        ask(path, "select earned_minor from marts.deferred_revenue where currency = 'jpy' and month = date '2026-01-01'"),
        ask(path, "select -moved_minor from marts.trial_balance where currency = 'jpy' and ledger_account = 4000 "
            "and month = date '2026-01-01'"),
    )  # fmt: skip

    assert earned == got


def test_recurring_revenue_leaves_out_the_tax_that_prices_include(path: Path) -> None:
    rows = ask(path, "select mrr_minor from marts.account_mrr where currency = 'jpy' and month = date '2026-01-01'")

    assert rows == [(952,)]


def test_a_month_ends_and_a_debt_ages_at_midnight_of_the_zone_of_the_closes(path: Path) -> None:
    ((zone, published_at),) = ask(path, "select zone, epoch(published_at) from meta.publication")
    ((measured_at,),) = (ask(path, "select epoch(measured_at) from marts.months where month = date '2026-01-01'"),)
    ((overdue,),) = (ask(path, "select days_overdue from marts.ar_ageing where invoice_id = 'inv-y'"),)

    today = datetime.fromtimestamp(published_at, ZoneInfo(zone)).date()
    assert measured_at == (datetime(2026, 2, 1, tzinfo=ZoneInfo(zone)).timestamp() - 1,)
    assert overdue == ((today - date(2026, 1, 11)).days,)


def test_fees_hold_all_that_the_books_call_a_fee(path: Path) -> None:
    (other,) = ask(path, "select sum(other_fees_minor) from marts.fees")

    assert other == (40 + 20 + 7,)
