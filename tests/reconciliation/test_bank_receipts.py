"""Wires and cheques booked by hand are found on the bank statement that shows them, and never booked twice."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.adapters.bank_files import read_statement
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.reconciliation_policy import CsvMapping
from billing_pipeline.adapters.stores.bank_store import BankLineStore
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.tables import control, ledger
from billing_pipeline.domain.bank_receipts import BY_AMOUNT, BY_REFERENCE, Receipt, find_receipts
from billing_pipeline.domain.bank_statements import BankLine, MatchRules
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import PaymentId
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.import_bank import BankImported, import_bank
from billing_pipeline.flows.record_payments import ReceivedMoney, record_payment
from tests.fakes import FakeClock
from tests.flows.event_world import FakeGateway
from tests.seeds import fetch, insert_account, insert_invoice

USD, DAY = Currency("usd"), date(2026, 3, 7)
MAPPING = CsvMapping(USD, "Date", "Amount", reference_columns=("Text",), only_containing="STRIPE")
FILE = "Date,Amount,Text\n2026-03-07,49.00,WIRE ACME NTRF-42 THANKS\n2026-03-07,-20.00,RENT\n"
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


def line(name: str, minor: int, text: str = "", day: date = DAY) -> BankLine:
    return BankLine(name, "main", day, USD, minor, text)


def receipt(name: str, minor: int, reference: str = "?", day: date = DAY) -> Receipt:
    return Receipt(PaymentId(name), USD, minor, day, reference)


def shown(lines: list[BankLine], receipts: list[Receipt]) -> set[tuple[str, str, str]]:
    return {(one.bank_line_id, one.payment_id, one.rule) for one in find_receipts(lines, receipts, MatchRules())}


def test_a_reference_decides_between_equal_amounts() -> None:
    lines = [line("l1", 4900, "WIRE NTRF 42"), line("l2", 4900, "WIRE NTRF 43")]

    assert shown(lines, [receipt("p43", 4900, "ntrf-43"), receipt("p42", 4900, "ntrf-42")]) == {
        ("l1", "p42", BY_REFERENCE),
        ("l2", "p43", BY_REFERENCE),
    }


@pytest.mark.parametrize(
    ("lines", "receipts", "found"),
    [
        ([line("l", 4900)], [receipt("p", 4900)], {("l", "p", BY_AMOUNT)}),
        ([line("l", 4900), line("m", 4900)], [receipt("p", 4900)], set()),
        ([line("l", 4900)], [receipt("p", 4900), receipt("q", 4900)], set()),
        ([line("l", 4901)], [receipt("p", 4900)], set()),
        ([line("l", 4900)], [receipt("p", 4900, day=DAY + timedelta(days=6))], set()),
    ],
)
def test_without_a_reference_only_what_can_be_nothing_else_is_found(
    lines: list[BankLine], receipts: list[Receipt], found: set[tuple[str, str, str]]
) -> None:
    assert shown(lines, receipts) == found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 3), max_size=6), st.lists(st.integers(1, 3), max_size=6))
def test_no_line_and_no_payment_is_used_twice_and_amounts_always_agree(ours: list[int], theirs: list[int]) -> None:
    lines = {f"l{n}": line(f"l{n}", minor) for n, minor in enumerate(ours)}
    receipts = {f"p{n}": receipt(f"p{n}", minor) for n, minor in enumerate(theirs)}

    found = find_receipts(list(lines.values()), list(receipts.values()), MatchRules())

    assert len({one.bank_line_id for one in found}) == len({one.payment_id for one in found}) == len(found)
    assert all(lines[one.bank_line_id].amount_minor == receipts[one.payment_id].amount_minor for one in found)


def booked_by_hand(db: Database) -> str:
    """A wire that a person recorded for an invoice, in the books."""
    insert_account(db)
    insert_invoice(db)
    money = ReceivedMoney(4900, "usd", "wire", "NTRF 42", datetime(2026, 3, 6, tzinfo=UTC), "ann", invoice_id="inv-1")
    payment, _ = record_payment(InboxStore(db), FakeClock(NOON), money)
    apply_events(EventStore(db), FakeGateway(), FakeClock(NOON))  # type: ignore[arg-type]
    return payment


def imported(db: Database, folder: Path, name: str = "march.csv") -> BankImported:
    (folder / name).write_text(FILE)
    read = read_statement(folder / name, "main", {"main": MAPPING})
    clock, store = FakeClock(NOON), BankLineStore(db)
    return import_bank(store, clock, MatchRules(), read.lines, file=name, run_id="b", zone="UTC", others=read.others)


def test_a_wire_is_found_on_the_statement_and_not_booked_again(db: Database, tmp_path: Path) -> None:
    payment = booked_by_hand(db)
    before = fetch(db, ledger.journal_entries)

    first, second = imported(db, tmp_path), imported(db, tmp_path)

    (kept,) = fetch(db, control.bank_lines)
    assert (first.received, first.unmatched, second.received) == (1, 0, 0)
    assert (kept["payment_id"], kept["matched_by"], kept["amount_minor"]) == (payment, BY_REFERENCE, 4900)
    assert fetch(db, ledger.journal_entries) == before


def test_a_line_that_waits_shows_the_wire_once_it_is_recorded(db: Database) -> None:
    store = BankLineStore(db)
    waiting = [line("bl_1", 4900, "NTRF42")]
    first = import_bank(store, FakeClock(NOON), MatchRules(), waiting, file="all.csv", run_id="b", zone="UTC")
    booked_by_hand(db)

    second = import_bank(store, FakeClock(NOON), MatchRules(), (), file="", run_id="b", zone="UTC")

    assert (first.unmatched, second.received, second.unmatched) == (1, 1, 0)
