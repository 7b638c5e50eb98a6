"""Recovery and involuntary churn on six invoices whose numbers can be worked out by hand, denominators included."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from assets.warehouse import churn_table
from billing_pipeline.adapters.postgres import Database, raw_statement
from billing_pipeline.adapters.tables import control, stripe
from billing_pipeline.adapters.warehouse import read_published
from tests.clusters import Cluster
from tests.reconciliation.published import published
from tests.seeds import add, insert_account, insert_invoice

MARCH = date(2026, 3, 1)


def march(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture(scope="module")
def path(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A published warehouse with these six invoices on top of books that agree and know no attempt."""
    with published(cluster, template, tmp_path_factory.mktemp("home"), lambda books: fill(books.db)) as made:
        yield made


def fill(db: Database) -> None:
    """Saved by our second retry; saved by a letter; lost; still open (a consumer); never failed; failed, and voided."""
    for account, segment in (("one", "business"), ("two", "business"), ("three", "business"), ("four", "consumer")):
        insert_account(db, account, segment=segment)
    owed(db, "retried", "one", 1000, paid_on=5)
    tries(
        db,
        "retried",
        (1, "declined", "insufficient_funds"),
        (3, "declined", "insufficient_funds"),
        (5, "succeeded", ""),
    )
    steps(db, "retried", 1000, "soft", retry_1=3, reminder=4, retry_2=5, reminder_2=5)
    owed(db, "written-to", "two", 2000, paid_on=4)
    tries(db, "written-to", (1, "declined", "lost_card"))
    steps(db, "written-to", 2000, "hard", reminder=3)
    owed(db, "lost", "three", 3000)
    tries(db, "lost", (1, "declined", "insufficient_funds"), (3, "declined", "insufficient_funds"))
    steps(db, "lost", 3000, "soft", retry_1=3, reminder=4, cancel=12)
    owed(db, "open", "four", 4000)
    tries(db, "open", (10, "declined", "do_not_honor"))
    owed(db, "at-once", "one", 5000, paid_on=2)
    tries(db, "at-once", (2, "succeeded", ""))
    owed(db, "voided", "two", 6000, state="void")
    tries(db, "voided", (2, "declined", "do_not_honor"))


def owed(db: Database, name: str, account: str, minor: int, paid_on: int = 0, state: str = "overdue") -> None:
    paid = {"state": "paid", "paid_at": march(paid_on, 10), "paid_minor": minor} if paid_on else {"state": state}
    amounts = dict.fromkeys(("total_minor", "subtotal_minor", "due_minor"), minor)
    insert_invoice(db, name, account, issued_at=march(1), **amounts, **paid)


def tries(db: Database, invoice: str, *found: tuple[int, str, str]) -> None:
    for number, (day, outcome, code) in enumerate(found, 1):
        add(
            db, stripe.stripe_attempts, operation="charge" if number == 1 else "confirm", subject=f"{invoice}#1",
            attempt=number, outcome=outcome, idempotency_key=f"{invoice}:{number}", api_version="v", request_json="{}",
            method_path="post /", started_at=march(day), lease_until=march(day), outcome_at=march(day),
            codes={"decline": code} if code else {},
        )  # fmt: skip


def steps(db: Database, invoice: str, minor: int, decline_class: str, **days: int) -> None:
    for name, day in days.items():
        action = {"retry": "retry", "reminder": "mail", "cancel": "cancel"}[name.partition("_")[0]]
        add(
            db, control.dunning_steps, invoice_id=invoice, step=name, action=action, policy_version="1",
            segment="everyone", planned_on=march(day).date(), taken_at=march(day), outcome="taken", owed_minor=minor,
            decline_class=decline_class,
        )  # fmt: skip


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in read_published(path, query)]


def test_a_step_is_told_with_the_invoices_that_reached_it_and_the_money_it_was_the_last_before(path: Path):
    rows = ask(
        path,
        "select step, decline_class, invoices, paid_after, recovered, owed_minor, recovered_minor, recovered_ppm, "
        "median_days_to_payment from marts.dunning_recovery order by step, decline_class",
    )

    assert rows == [
        ("cancel", "soft", 1, 0, 0, 3000, 0, 0, None),
        ("reminder", "hard", 1, 1, 1, 2000, 2000, 1_000_000, 1),
        ("reminder", "soft", 2, 1, 0, 4000, 0, 0, None),
        ("reminder_2", "soft", 1, 1, 0, 1000, 0, 0, None),  # at the moment of retry_2, which takes the credit
        ("retry_1", "soft", 2, 1, 0, 4000, 0, 0, None),
        ("retry_2", "soft", 1, 1, 1, 1000, 1000, 1_000_000, 0),
    ]


def test_an_attempt_is_told_by_its_number_and_by_why_the_one_before_failed(path: Path):
    rows = ask(
        path,
        "select segment, attempt_no, decline_before, tries, succeeded, tried_minor, succeeded_minor, succeeded_ppm "
        "from marts.recovery_by_attempt order by all",
    )

    assert rows == [
        ("business", 1, "first", 4, 1, 11000, 5000, 250_000),
        ("business", 2, "insufficient_funds", 2, 0, 4000, 0, 0),
        ("business", 3, "insufficient_funds", 1, 1, 1000, 1000, 1_000_000),
        ("consumer", 1, "first", 1, 0, 4000, 0, 0),
    ]


def test_what_failed_is_saved_lost_or_open_to_the_cent(path: Path):
    rows = ask(
        path,
        "select month, segment, invoices_failed, failed_minor, saved_minor, saved_by_retry_minor, lost_minor, open_minor, "
        "saved_ppm, median_days_to_recover from marts.involuntary_churn order by segment",
    )

    assert rows == [
        (MARCH, "business", 3, 6000, 3000, 1000, 3000, 0, 500_000, 4),  # of 3 and 4 days: 3.5
        (MARCH, "consumer", 1, 4000, 0, 0, 0, 4000, 0, None),
    ]


def test_customers_are_counted_once_and_by_what_became_of_them(path: Path):
    rows = ask(
        path,
        "select segment, customers_failed, customers_saved, customers_lost, invoices_saved, invoices_lost "
        "from marts.involuntary_churn order by segment",
    )

    assert rows == [("business", 3, 2, 1, 2, 1), ("consumer", 1, 0, 0, 0, 0)]


def test_saved_lost_and_open_are_the_whole(path: Path):
    (whole,) = ask(
        path, "select bool_and(failed_minor = saved_minor + lost_minor + open_minor) from marts.involuntary_churn"
    )

    assert whole == (True,)


def test_the_first_charges_that_failed_are_the_invoices_that_churn_begins_with(path: Path):
    first = ask(
        path,
        "select segment, currency, sum(tries - succeeded), sum(tried_minor - succeeded_minor) "
        "from marts.recovery_by_attempt where attempt_no = 1 group by all order by all",
    )
    failed = ask(
        path,
        "select segment, currency, sum(invoices_failed), sum(failed_minor) "
        "from marts.involuntary_churn group by all order by all",
    )

    assert first == failed == [("business", "usd", 3, 6000), ("consumer", "usd", 1, 4000)]


def test_no_payment_is_credited_to_two_steps(path: Path):
    (credited,) = ask(path, "select sum(recovered), sum(recovered_minor) from marts.dunning_recovery")

    assert credited == (2, 3000)


def test_finance_reads_the_month_in_one_line(path: Path):
    rows = read_published(path, raw_statement("questions/churn_by_month"))

    assert churn_table(rows).splitlines()[2:] == [
        "| 2026-03 | 4 | 100.00 usd | 30.00 usd | 30.00 usd | 40.00 usd | 1 |"
    ]
