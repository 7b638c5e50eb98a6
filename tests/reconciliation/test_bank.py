"""Bank statements: read whole or not at all, matched to payouts, booked once."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.adapters.bank_files import minor_of, read_statement
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.reconciliation_policy import CsvMapping, load_policy
from billing_pipeline.adapters.stores.bank_store import BankLineStore
from billing_pipeline.adapters.stores.close_store import ClosedDayStore
from billing_pipeline.adapters.tables import control, ledger, stripe
from billing_pipeline.domain.bank_statements import BankLine, MatchRules, numbered
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.periods import local_day
from billing_pipeline.flows.import_bank import BankImported, import_bank
from billing_pipeline.flows.restate import restate
from tests.fakes import FakeClock
from tests.reconciliation.test_bank_matching import line
from tests.seeds import add, fetch

USD = Currency("usd")
DAY = date(2026, 3, 7)
MAPPINGS = {
    "main": CsvMapping(
        USD, "Date", "Amount", balance_column="Balance", reference_columns=("Text",), only_containing="STRIPE"
    ),
    "two": CsvMapping(
        USD, "Date", credit_column="In", debit_column="Out", reference_columns=("Text",), decimal_mark=","
    ),
    "told": CsvMapping(USD, "Date", "Amount", currency_column="Currency", reference_columns=("Text",)),
}
GOOD = "Date,Amount,Balance,Text\n2026-03-07,100.00,1100.00,STRIPE po_1\n2026-03-07,-20.00,1080.00,RENT\n"
NEWEST_FIRST = """Date,Amount,Balance,Text
2026-03-08,-20.00,1080.00,RENT
2026-03-07,50.00,1100.00,STRIPE B
2026-03-07,50.00,1050.00,STRIPE A
"""
CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1090.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Ntry><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-07</Dt></BookgDt>
<NtryDtls><TxDtls><RmtInf><Ustrd>STRIPE po_1</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">10.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-07</Dt></BookgDt></Ntry>
<Ntry><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts><BookgDt><Dt>2026-03-07</Dt></BookgDt></Ntry>
</Stmt></BkToCstmrStmt></Document>
"""


def statement(folder: Path, text: str, account: str = "main", name: str = "march.csv") -> list[BankLine]:
    path = folder / name
    path.write_text(text)
    return list(read_statement(path, account, MAPPINGS).lines)


def test_a_csv_statement_gives_stripes_lines_and_counts_the_others(tmp_path: Path) -> None:
    (tmp_path / "march.csv").write_text(GOOD)

    read = read_statement(tmp_path / "march.csv", "main", MAPPINGS)

    assert [(line.booked_on, line.amount_minor, line.reference) for line in read.lines] == [(DAY, 10000, "STRIPE po_1")]
    assert [one.reference for one in read.others] == ["RENT"]


def test_credit_and_debit_columns_and_a_decimal_comma_are_read(tmp_path: Path) -> None:
    text = 'Date,In,Out,Text\n2026-03-07,"1.234,56",,STRIPE\n2026-03-08,,"10,00",STRIPE\n'

    lines = statement(tmp_path, text, "two")

    assert [line.amount_minor for line in lines] == [123456, -1000]


def test_a_statement_may_begin_with_its_newest_line(tmp_path: Path) -> None:
    assert [line.reference for line in statement(tmp_path, NEWEST_FIRST)] == ["STRIPE B", "STRIPE A"]


def test_a_camt_statement_gives_its_booked_entries(tmp_path: Path) -> None:
    lines = statement(tmp_path, CAMT, name="march.xml")

    assert [(line.bank_account[:4], line.currency, line.amount_minor, line.reference) for line in lines] == [
        ("DE02", "eur", 10000, "STRIPE po_1"), ("DE02", "eur", -1000, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "account", "told"),
    [
        (GOOD[:-1], "main", "the last line does not end"),
        (GOOD.replace(",RENT", ""), "main", "line 3 does not have 4 cells"),
        (GOOD.replace("RENT", '"RENT'), "main", "line 3 cannot be read"),
        (GOOD.replace("Balance,", "Balance,Fee,"), "main", "unknown column 'Fee'"),
        (GOOD.replace("Amount", "Ignored"), "main", "unknown column 'Ignored'"),
        (GOOD.replace("1080.00", "1079.00"), "main", "line 3: the balance does not follow from the line before"),
        (NEWEST_FIRST.replace("1050", "1051"), "main", "line 3: the balance does not follow from the line after"),
        (GOOD.replace("100.00,1100", "1oo,1100"), "main", "line 2: '1oo' is not an amount"),
        (GOOD.replace("100.00,1100", "100.001,1100"), "main", "more decimals than usd has"),
        (GOOD.replace("100.00,1100", "NaN,1100"), "main", "line 2: 'NaN' is not an amount"),
        (GOOD.replace("100.00,1100", "1_00,1100"), "main", "line 2: '1_00' is not an amount"),
        (
            "Date,In,Out,Text\n2026-03-07,12.50,,STRIPE\n",
            "two",
            "march.csv: line 2: '12.50' is not an amount .*decimal_mark",
        ),
        ("Date,In,Out,Text\n2026-03-07,1234.567,,STRIPE\n", "two", "line 2: '1234.567' is not an amount"),
        ('Date,In,Out,Text\n2026-03-07,"1,234.567",,STRIPE\n', "two", "line 2: '1,234.567' is not an amount"),
        (GOOD.replace("2026-03-07,100", "07/03/2026,100"), "main", "line 2: '07/03/2026' is not a day"),
        (
            "Date,Amount,Currency,Text\n2026-03-07,1.00,eur,STRIPE\n",
            "told",
            "line 2 is in 'eur', the account is in usd",
        ),
        ("Date,In,Out,Text\n2026-03-07,,,STRIPE\n", "two", "either a credit or a debit"),
        ("", "main", "is empty"),
        (GOOD, "unheard-of", r"no section \[bank.unheard-of\]"),
        (CAMT[:900], "", "cut off or no XML"),
        (CAMT.replace("1090.00", "1091.00"), "", "entries are missing"),
        (CAMT.replace(">100.00<", ">100,00<"), "", "entry 1: '100,00' is not an amount"),
        (CAMT.replace('<Amt Ccy="EUR">1090.00</Amt>', ""), "", "balance CLBD has no amount"),
        (CAMT.replace("<CdtDbtInd>DBIT</CdtDbtInd>", ""), "", "entry 2 says neither CRDT nor DBIT"),
        (CAMT.replace('<Amt Ccy="EUR">10.00', '<Amt Ccy="USD">10.00'), "", "line 2 of account .* is in usd"),
        (
            CAMT.replace("<Document", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Document'),
            "",
            "document type",
        ),
        ("<html></html>", "", "no statement"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused_with_the_place_named(
    tmp_path: Path, text: str, account: str, told: str
) -> None:
    with pytest.raises(Broken, match=told):
        statement(tmp_path, text, account)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1.234.567,89", 123456789),
        ("-1.234,5", -123450),
        ("1.250", 125000),
        ("\u221212,50", -1250),
        (",5", 50),
        ("7", 700),
    ],
)
def test_a_mark_that_groups_three_digits_each_parts_thousands(text: str, minor: int) -> None:
    assert minor_of("f", "line 2", text, USD, ",") == minor


def test_a_csv_file_is_read_in_the_encoding_that_its_section_names(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes("Date,Amount,Text\n2026-03-07,1.00,STRIPE M\u00fcnchen\n".encode("latin-1"))
    mapping = CsvMapping(USD, "Date", "Amount", reference_columns=("Text",), encoding="latin-1")

    read = read_statement(tmp_path / "x.csv", "main", {"main": mapping})

    assert [one.reference for one in read.lines] == ["STRIPE M\u00fcnchen"]


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"Date\xff\xfe")

    with pytest.raises(Broken, match=r"x.csv is not UTF-8 \(byte 4\)"):
        read_statement(tmp_path / "x.csv", "main", MAPPINGS)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 3)), max_size=8))
def test_equal_lines_of_a_file_are_told_apart_and_always_get_the_same_ids(rows: list[tuple[str, int]]) -> None:
    told = [("main", DAY, USD, minor, reference) for reference, minor in rows]

    first, second = numbered(told), numbered(told)

    assert first == second
    assert len({one.bank_line_id for one in first}) == len(rows)


def imported(db: Database, lines: list[BankLine], file: str = "march.csv", zone: str = "UTC") -> BankImported:
    store, clock = BankLineStore(db), FakeClock(datetime(2026, 3, 20, tzinfo=UTC))
    return import_bank(store, clock, MatchRules(), lines, file=file, run_id="b", zone=zone)


def insert_payout(db: Database, name: str, minor: int, day: date = DAY) -> None:
    add(
        db, stripe.payouts, payout_id=name, currency="usd", amount_minor=minor, status="paid", arrival_on=day,
        created_at=datetime(2026, 3, 5, tzinfo=UTC),
    )  # fmt: skip


def test_a_statement_books_the_payouts_it_paid_once(db: Database, tmp_path: Path) -> None:
    insert_payout(db, "po_1", 10000)
    lines = statement(tmp_path, GOOD)

    first, second = imported(db, lines), imported(db, lines)

    assert (first.lines, first.matched, first.booked) == (1, 1, 1)
    assert (second.lines, second.matched, second.booked) == (0, 0, 0)
    assert [row["source"] for row in fetch(db, ledger.journal_entries)] == [f"bank:{lines[0].bank_line_id}"]


def test_a_line_that_waits_is_matched_when_its_payout_comes(db: Database) -> None:
    first = imported(db, [line("a", 10000)])
    insert_payout(db, "po_1", 10000)

    second = imported(db, [], "")

    assert (first.unmatched, second.matched, second.unmatched) == (1, 1, 0)


def test_a_day_told_by_two_files_is_refused_and_nothing_is_taken_in(db: Database) -> None:
    imported(db, [line("a", 100)], "march.csv")

    with pytest.raises(Broken, match=r"april.csv: 2026-03-07 of account main is already told by march.csv"):
        imported(db, [line("b", 200), line("c", 300, DAY + timedelta(days=1))], "april.csv")

    assert len(fetch(db, control.bank_lines)) == 1


def test_a_line_of_a_closed_day_is_booked_on_the_first_open_one(db: Database) -> None:
    insert_payout(db, "po_1", 100)
    add(
        db, ledger.closed_days, day=DAY, close_zone="UTC", digest="", proof={}, closed_at=datetime(2026, 3, 8, tzinfo=UTC),
        closed_by="x",
    )  # fmt: skip

    imported(db, [line("a", 100)])

    assert [row["accounting_date"] for row in fetch(db, ledger.journal_entries)] == [DAY + timedelta(days=1)]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Pacific/Auckland"])
def test_a_line_is_no_restatement_of_the_day_before_it(db: Database, zone: str) -> None:
    insert_payout(db, "po_1", 100)

    imported(db, [line("a", 100)], zone=zone)

    around = (DAY - timedelta(days=2), DAY + timedelta(days=2))
    assert restate(ClosedDayStore(db, zone), *around).changes == ()
    (booked,) = fetch(db, ledger.journal_entries)
    assert (booked["accounting_date"], local_day(booked["occurred_at"], zone)) == (DAY, DAY)


def test_the_policy_that_is_shipped_reads_its_own_statement(tmp_path: Path) -> None:
    banks = load_policy(Path(__file__).parents[2] / "policies").banks
    (tmp_path / "a.csv").write_text(
        "Date,Type,Description,Reference,Amount,Balance\n2026-03-07,CR,STRIPE PAYOUT,x,9.00,9.00\n"
    )

    read = read_statement(tmp_path / "a.csv", "main", banks)

    assert [one.amount_minor for one in read.lines] == [900]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[limits]\ncut_off_hours = 1", "nobody reads 'cut_off_hours'"),
        ("[limits]\ncut_off_minutes = 1.5", "cut_off_minutes must be a whole number"),
        ("[limits]\ncut_off_minutes = -1", "cut_off_minutes must be a whole number"),
        ("[row_counts]\nnonsense = [0, 1]", "'nonsense' is no kind of divergence"),
        ("[row_counts]\namount = [2, 1]", "amount must be"),
        ("[bank.x]\ncurrency = 'usd'\ndate_column = 'D'", r"\[bank.x\]: name amount_column"),
        ("[bank.x]\ncurrency = 'xxx'\ndate_column = 'D'\namount_column = 'A'", "unknown currency"),
        ("[bank.x]\ncurrency = 'usd'\ndate_column = 'D'\ncredit_column = 'A'", "go together"),
        (
            "[bank.x]\ncurrency = 'usd'\ndate_column = 'D'\namount_column = 'A'\nencoding = 'utf8000'",
            "encoding 'utf8000'",
        ),
        ("[bank.x]\ncurrency = 'usd'\ndate_column = 'D'\namount_column = 'A'\ndecimal_mark = ';'", "decimal_mark"),
        ("[bank.x]\ncurrency = 5", r"\[bank.x\]: currency must be text"),
        ("[bank.x]\ndate_column = 'D'", r"\[bank.x\]: currency is missing"),
        ("[bank.x]\ncurrency = 'usd'\ndate_column = 5\namount_column = 'A'", "date_column must be text, not 5"),
        ("[bank.x]\ncurrency = 'usd'\ndate_column = 'D'\nreference_columns = 'R'", "reference_columns must be a list"),
        ("[bank.x]\ncurrency = 'usd'\ndate_column = 'D'\namount_column = 'A'\ndelimiter = ''", "one character"),
        ("[bank]\nx = 5", r"\[bank.x\] must be a table, not 5"),
        ("bank = 5", r"\[bank\] must be a table, not 5"),
        ("limits = []", r"\[limits\] must be a table"),
        ("row_counts = 5", r"\[row_counts\] must be a table"),
        ("reporting = 5", r"\[reporting\] must be a table"),
        ("[reporting]\ncurrency = 5", r"\[reporting\]: currency must be text"),
        ("not toml", "is not TOML"),
        ("version = '\udcff'", "is not TOML: 'utf-8' codec"),
    ],
)
def test_a_policy_that_is_wrong_is_refused_with_the_place_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "reconciliation.toml").write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(Broken, match=told):
        load_policy(tmp_path)


def test_a_policy_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="does not exist: set BILLING_POLICIES"):
        load_policy(tmp_path)
