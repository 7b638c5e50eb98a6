"""Revenue by day, in SQL, against the domain's own arithmetic."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables.billing import invoice_lines
from billing_pipeline.adapters.tables.catalog import tax_rates
from billing_pipeline.adapters.tables.ledger import closed_days, journal_entries
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.revenue import Adjustment, Stretch, recognised, take_back, unearned
from billing_pipeline.flows.recognise_revenue import RevenueRecognised, recognise_revenue
from billing_pipeline.flows.zones import end_of
from tests.fakes import FakeClock
from tests.seeds import START, add, fetch, insert_account, insert_invoice

JAN = [date(2026, 1, day) for day in range(1, 32)]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def insert_line(db: Database, invoice: str, line_no: int, minor: int, start: date | None, end: date | None) -> None:
    add(
        db, invoice_lines, invoice_id=invoice, line_no=line_no, kind="item", description="Plan", amount_minor=minor,
        period_start=start and midnight(start), period_end=end and midnight(end),
    )  # fmt: skip


def invoice_with_line(db: Database, invoice: str = "inv-1", minor: int = 3100, **values: Any) -> str:
    """An invoice for January with one line."""
    insert_invoice(db, invoice, total_minor=minor, **values)
    insert_line(db, invoice, 1, minor, date(2026, 1, 1), date(2026, 2, 1))
    return invoice


def run(db: Database, through: date, zone: str = "UTC") -> RevenueRecognised:
    morning_after = FakeClock(end_of(through, zone) + timedelta(hours=9))
    return recognise_revenue(LedgerStore(db), morning_after, through, zone=zone)


def revenue(db: Database) -> dict[str, int]:
    """Revenue of every entry, by source."""
    query = """select e.source, -p.minor as minor from journal_entries e join postings p using (entry_id)
        where p.ledger_account = 4000 order by e.entry_id"""
    with db.transaction() as connection:
        return {row.source: row.minor for row in connection.execute(text(query))}


def test_one_entry_a_day_moves_what_was_earned(db: Database) -> None:
    insert_account(db)
    invoice_with_line(db)

    done = run(db, date(2026, 1, 3))

    assert done == RevenueRecognised(date(2026, 1, 1), 3, {"usd": 300})
    assert revenue(db) == {f"revenue:2026-01-0{day}:usd": 100 for day in (1, 2, 3)}


def test_running_again_books_nothing_and_the_next_day_goes_on(db: Database) -> None:
    insert_account(db)
    invoice_with_line(db)
    run(db, date(2026, 1, 3))

    again, next_day = run(db, date(2026, 1, 3)), run(db, date(2026, 1, 4))

    assert (again.entries, next_day.entries) == (0, 1)
    assert sum(revenue(db).values()) == 400


def test_day_by_day_and_all_at_once_come_to_the_same(db: Database) -> None:
    insert_account(db)
    invoice_with_line(db, minor=999)

    for day in JAN:
        run(db, day)

    one_by_one = revenue(db)
    assert sum(one_by_one.values()) == 999
    assert run(db, date(2026, 3, 1)).entries == 0
    assert max(one_by_one.values()) - min(one_by_one.values()) <= 1


def test_currencies_are_booked_apart(db: Database) -> None:
    insert_account(db)
    invoice_with_line(db)
    invoice_with_line(db, "inv-2", 310, currency="eur")

    done = run(db, date(2026, 1, 2))

    assert done.minor_by_currency == {"usd": 200, "eur": 20}


def test_an_invoice_issued_late_is_caught_up_on_the_day_of_its_issue(db: Database) -> None:
    insert_account(db)
    invoice_with_line(db, issued_at=midnight(date(2026, 1, 10)))

    run(db, date(2026, 1, 11))

    assert revenue(db) == {"revenue:2026-01-10:usd": 1000, "revenue:2026-01-11:usd": 100}


def test_an_invoice_that_turns_up_after_its_days_were_booked_is_caught_up_on_the_next_one(db: Database) -> None:
    insert_account(db)
    invoice_with_line(db)
    run(db, date(2026, 1, 5))

    invoice_with_line(db, "inv-2")
    run(db, date(2026, 1, 6))

    assert revenue(db)["revenue:2026-01-06:usd"] == 100 + 600


def test_inclusive_tax_is_no_revenue(db: Database) -> None:
    insert_account(db)
    add(db, tax_rates, tax_rate_id="vat", name="VAT", jurisdiction="DE", rate_ppm=190000, inclusive=True)
    insert_invoice(db, total_minor=1190, tax_minor=190)
    add(
        db, invoice_lines, invoice_id="inv-1", line_no=1, kind="setup_fee", description="Setup", amount_minor=1190,
        tax_minor=190, tax_rate_id="vat",
    )  # fmt: skip

    run(db, date(2026, 1, 1))

    assert revenue(db) == {"revenue:2026-01-01:usd": 1000}


def test_a_balance_taken_over_from_elsewhere_earns_nothing_here(db: Database) -> None:
    insert_account(db)
    insert_invoice(db, kind="opening")

    assert run(db, date(2026, 2, 1)) == RevenueRecognised(None, 0, {})


def test_revenue_of_a_closed_day_is_booked_on_the_first_open_one(db: Database) -> None:
    insert_account(db)
    invoice_with_line(db)
    add(db, closed_days, day=date(2026, 1, 2), close_zone="UTC", digest="", proof={}, closed_at=START, closed_by="t")

    run(db, date(2026, 1, 3))

    assert [row["accounting_date"].day for row in fetch(db, journal_entries)] == [3, 3, 3]
    assert [row["occurred_at"].day for row in fetch(db, journal_entries)] == [1, 2, 3]


def test_the_days_are_those_of_the_closing_zone(db: Database) -> None:
    insert_account(db)
    insert_invoice(db, total_minor=200, issued_at=START, issued_on=date(2026, 1, 1))
    add(
        db, invoice_lines, invoice_id="inv-1", line_no=1, kind="item", description="Plan", amount_minor=200,
        period_start=datetime(2026, 1, 1, 15, tzinfo=UTC), period_end=datetime(2026, 1, 3, 15, tzinfo=UTC),
    )  # fmt: skip

    run(db, date(2026, 1, 3), "Asia/Tokyo")  # 15:00 UTC is the next midnight there

    assert revenue(db) == {"revenue:2026-01-02:usd": 100, "revenue:2026-01-03:usd": 100}


@pytest.mark.parametrize(
    ("now", "zone", "over"),
    [
        (datetime(2026, 1, 3, 23, 59, tzinfo=UTC), "UTC", 2),
        (datetime(2026, 1, 3, 10, 59, tzinfo=UTC), "Pacific/Auckland", 2),
        (datetime(2026, 1, 3, 11, tzinfo=UTC), "Pacific/Auckland", 3),  # midnight there
    ],
)
def test_a_day_that_is_not_over_is_refused_and_nothing_is_booked(
    db: Database, now: datetime, zone: str, over: int
) -> None:
    insert_account(db)
    invoice_with_line(db)

    with pytest.raises(Broken, match=f"2026-01-0{over + 1} is not over: .* up to 2026-01-0{over} today"):
        recognise_revenue(LedgerStore(db), FakeClock(now), date(2026, 1, over + 1), zone=zone)

    assert revenue(db) == {}
    assert recognise_revenue(LedgerStore(db), FakeClock(now), date(2026, 1, over), zone=zone).entries == over


def test_the_end_of_a_day_is_its_last_microsecond_also_when_the_clocks_change() -> None:
    assert end_of(date(2026, 3, 29), "Europe/Berlin").isoformat() == "2026-03-29T21:59:59.999999+00:00"


line = st.tuples(st.integers(-5000, 50_000), st.integers(-40, 40), st.integers(-1, 60))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    invoices=st.lists(st.tuples(st.integers(0, 30), st.lists(line, max_size=3)), min_size=1, max_size=4),
    back=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 100)), max_size=3),
)
def test_sql_and_domain_agree_on_every_day(
    db: Database, invoices: list[tuple[int, list[tuple[int, int, int]]]], back: list[tuple[int, int]]
) -> None:
    wipe(db)
    plan = {f"inv-{n}": seeded(db, f"inv-{n}", issued, lines) for n, (issued, lines) in enumerate(invoices)}
    adjustments = {name: notes(db, name, lines, issued, back) for name, (issued, lines) in plan.items()}
    first = min(issued for issued, _ in plan.values())

    rows = LedgerStore(db).earned(first, date(2026, 4, 30), "UTC")

    expected, running = [], 0
    for n in range((date(2026, 4, 30) - first).days + 1):
        day = first + timedelta(days=n)
        total = sum(
            recognised(stretch, adjustments[name], day)
            for name, (issued, lines) in plan.items()
            if issued <= day
            for stretch in lines
        )
        expected += [(day, total)] if total != running else []
        running = total
    moved = [(each.day, each.minor) for each in rows]
    assert [pair for before, pair in zip([(None, 0), *moved], moved, strict=False) if before[1] != pair[1]] == expected


def wipe(db: Database) -> None:
    with db.transaction() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # the append-only guard rests
        connection.execute(text("delete from revenue_adjustments"))
        for table in ("invoice_lines", "invoices", "accounts"):
            connection.execute(text(f"delete from {table}"))
    insert_account(db)


def seeded(db: Database, name: str, issued: int, lines: list[tuple[int, int, int]]) -> tuple[date, list[Stretch]]:
    """An invoice and its lines as the domain sees them: (minor, start after 1 January, days) each."""
    on = date(2026, 1, 1) + timedelta(days=issued)
    insert_invoice(db, name, total_minor=1000, issued_at=midnight(on))
    made = []
    for line_no, (minor, start, length) in enumerate(lines, start=1):
        begins = date(2026, 1, 1) + timedelta(days=start)
        made.append(Stretch(line_no, minor, begins, begins + timedelta(days=length)) if length >= 0
                    else Stretch(line_no, minor, on, on))  # fmt: skip
        bounds = (begins, begins + timedelta(days=length)) if length >= 0 else (None, None)
        insert_line(db, name, line_no, minor, *bounds)
    return on, made or [Stretch(0, 1000, on, on + timedelta(days=31))]


def notes(
    db: Database, name: str, lines: list[Stretch], issued: date, back: list[tuple[int, int]]
) -> tuple[Adjustment, ...]:
    """Credit notes on the invoice: (days after its issue, percent of what is unearned) each."""
    told: tuple[Adjustment, ...] = ()
    for n, (after, percent) in enumerate(sorted(back)):
        on = issued + timedelta(days=after)
        rest = sum(unearned(stretch, told, on) for stretch in lines)
        taken = take_back(lines, told, max(rest, 0) * percent // 100, on) if rest > 0 else ()
        DocumentStore(db).adjust_revenue(f"credit_note:{name}:{n}", InvoiceId(name), taken)
        told += taken
    return told
