"""Bank statements in: CSV by a mapping, camt.053 by its standard. A file that is not whole is refused, its row named."""

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from billing_pipeline.adapters.reconciliation_policy import CsvMapping
from billing_pipeline.domain.bank_statements import BankLine, check_one_currency, numbered
from billing_pipeline.domain.currencies import Currency, currency, exponent
from billing_pipeline.domain.errors import Broken

SIZE_MAX_BYTES: Final = 200_000_000  # a year of a busy account is a tenth of it

Row = tuple[str, date, Currency, int, str]
"""(bank account, day, currency, minor units, reference)"""

Told = tuple[int, int, int]
"""(line number, minor units, running balance after it)"""


@dataclass(frozen=True, slots=True)
class Statement:
    """A file that was read whole. others: lines that are none of Stripe's, among them what customers wired."""

    file: str
    lines: tuple[BankLine, ...]
    others: tuple[BankLine, ...] = ()


def read_statement(path: Path, account: str, mappings: Mapping[str, CsvMapping]) -> Statement:
    """The lines of the file. account: the [bank.*] section that describes a CSV file. Raises Broken, naming the row."""
    raw = content(path)
    if raw.lstrip().startswith(b"<"):
        rows, others = read_camt(path.name, decoded(path.name, raw, "utf-8")), list[Row]()
    elif account in mappings:
        mapping = mappings[account]
        rows, others = read_csv(path.name, decoded(path.name, raw, mapping.encoding), account, mapping)
    else:
        known = ", ".join(sorted(mappings)) or "none"
        raise Broken(f"{path.name}: no section [bank.{account}] in reconciliation.toml describes it; known are {known}")
    lines = numbered(rows)
    check_one_currency(lines, path.name)
    return Statement(path.name, tuple(lines), tuple(numbered(others)))


def content(path: Path) -> bytes:
    """What the file holds. Raises Broken when it is missing, empty or too large."""
    try:
        raw = path.read_bytes().removeprefix(BOM_UTF8)
    except OSError as error:
        raise Broken(f"cannot read {path}: {error.strerror}") from error
    if not raw.strip():
        raise Broken(f"{path.name} is empty: download the statement again")
    if len(raw) > SIZE_MAX_BYTES:
        raise Broken(f"{path.name} has {len(raw)} bytes, more than {SIZE_MAX_BYTES}: split it by month")
    return raw


def decoded(file: str, raw: bytes, encoding: str) -> str:
    """The text of the file. Raises Broken when it is in another encoding."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Broken(
            f"{file} is not {encoding.upper()} (byte {error.start}): save it so, or name the encoding of a CSV file in "
            "reconciliation.toml"
        ) from error


def read_csv(file: str, text: str, account: str, mapping: CsvMapping) -> tuple[list[Row], list[Row]]:
    """The rows that are Stripe's, and those that are not."""
    if not text.endswith("\n"):
        raise Broken(f"{file}: the last line does not end: the file is cut off, download it again")
    table = csv.DictReader(io.StringIO(text), delimiter=mapping.delimiter, strict=True)
    check_header(file, table.fieldnames or (), mapping)
    rows, others, told = list[Row](), list[Row](), list[Told]()
    for place, cells in rows_of(file, table):
        minor = amount_of(file, place, cells, mapping)
        if mapping.balance_column:
            after = cells[mapping.balance_column]
            told.append((place, minor, minor_of(file, f"line {place}", after, mapping.currency, mapping.decimal_mark)))
        reference = " ".join(cells[name].strip() for name in mapping.reference_columns if cells[name].strip())
        day, code = day_of(file, place, cells, mapping), currency_of(file, place, cells, mapping)
        is_stripes = mapping.only_containing.lower() in reference.lower()
        (rows if is_stripes else others).append((account, day, code, minor, reference))
    check_balances(file, told)
    return rows, others


def check_header(file: str, header: Sequence[str], mapping: CsvMapping) -> None:
    """Nothing. Raises Broken when the header is not what the mapping describes."""
    if unknown := [name for name in header if name not in mapping.columns]:
        raise Broken(f"{file}: unknown column {unknown[0]!r}: map it, or add it to ignored_columns")
    if missing := [name for name in sorted(mapping.columns - set(mapping.ignored_columns)) if name not in header]:
        raise Broken(f"{file}: column {missing[0]!r} is missing: the file is not what the mapping describes")


def rows_of(file: str, table: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its line number. Raises Broken for a row with too few or too many cells, or an open quote."""
    try:
        for cells in table:
            if None in cells or None in cells.values():
                raise Broken(
                    f"{file}: line {table.line_num} does not have {len(table.fieldnames or ())} cells: it is cut off"
                )
            yield table.line_num, cells
    except csv.Error as error:
        raise Broken(f"{file}: line {table.line_num + 1} cannot be read ({error}): it is cut off") from error


def amount_of(file: str, place: int, cells: Mapping[str, str], mapping: CsvMapping) -> int:
    """The row's amount in minor units, + in, - out."""
    if mapping.amount_column:
        return minor_of(file, f"line {place}", cells[mapping.amount_column], mapping.currency, mapping.decimal_mark)
    credit, debit = cells[mapping.credit_column].strip(), cells[mapping.debit_column].strip()
    if bool(credit) == bool(debit):
        raise Broken(f"{file}: line {place} must have either a credit or a debit")
    minor = minor_of(file, f"line {place}", credit or debit, mapping.currency, mapping.decimal_mark)
    return minor if credit else -abs(minor)


def minor_of(file: str, place: str, text: str, code: Currency, mark: str) -> int:
    """Decimal text as minor units, exactly. mark: before the decimals; the other one of point and comma groups three digits.

    Raises Broken for text that is no amount of that currency.
    """
    thousands = "," if mark == "." else "."
    plain = text.strip().replace("\u2212", "-")
    whole = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d*"
    if not re.fullmatch(rf"[+-]?(?:{whole})(?:{re.escape(mark)}\d*)?", plain) or not re.search(r"\d", plain):
        raise Broken(
            f"{file}: {place}: {text!r} is not an amount such as 1{thousands}234{mark}56: correct it, or decimal_mark in "
            "reconciliation.toml"
        )
    minor = Decimal(plain.replace(thousands, "").replace(mark, ".")).scaleb(exponent(code))
    if minor != minor.to_integral_value():
        raise Broken(f"{file}: {place}: {text!r} has more decimals than {code} has")
    return int(minor)


def check_balances(file: str, told: Sequence[Told]) -> None:
    """Nothing. Raises Broken when a running balance does not follow from the line before; or, where the newest line comes
    first, from the line after.
    """
    pairs = list(pairwise(told))
    oldest_first = [place for (_, _, before), (place, minor, after) in pairs if before + minor != after]
    newest_first = [place for (place, minor, after), (_, _, before) in pairs if before + minor != after]
    if oldest_first and newest_first:
        is_forward = len(oldest_first) <= len(newest_first)
        place, other = (oldest_first[0], "before") if is_forward else (newest_first[0], "after")
        raise Broken(f"{file}: line {place}: the balance does not follow from the line {other}: a line is missing")


def day_of(file: str, place: int, cells: Mapping[str, str], mapping: CsvMapping) -> date:
    """The row's day."""
    try:
        return datetime.strptime(cells[mapping.date_column].strip(), mapping.date_format).date()  # noqa: DTZ007
    except ValueError as error:
        raise Broken(
            f"{file}: line {place}: {cells[mapping.date_column]!r} is not a day in the form {mapping.date_format}"
        ) from error


def currency_of(file: str, place: int, cells: Mapping[str, str], mapping: CsvMapping) -> Currency:
    """The row's currency: the account's, and where the file tells one it must be that."""
    if not mapping.currency_column:
        return mapping.currency
    told = cells[mapping.currency_column].strip().lower()
    if told != mapping.currency:
        raise Broken(
            f"{file}: line {place} is in {told!r}, the account is in {mapping.currency}: split the file by currency"
        )
    return mapping.currency


def read_camt(file: str, text: str) -> list[Row]:
    """The booked entries of a camt.053 message."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Broken(f"{file}: a bank statement brings no document type of its own: it is refused")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise Broken(f"{file}: line {error.position[0]}: {error}: the file is cut off or no XML") from error
    statements = [node for node in root.iter() if local(node) == "Stmt"]
    if not statements:
        raise Broken(f"{file} holds no statement: it is not a camt.053 message")
    return [row for statement in statements for row in camt_rows(file, statement)]


def camt_rows(file: str, statement: ElementTree.Element) -> Iterator[Row]:
    """The booked entries of one statement. Raises Broken when they do not lead from the opening to the closing balance."""
    account = told(statement, "Acct/Id/IBAN") or told(statement, "Acct/Id/Othr/Id") or "unknown"
    total, code = 0, currency(told(statement, "Acct/Ccy") or "usd")
    for place, entry in enumerate(children(statement, "Ntry"), start=1):
        code, minor = camt_amount(file, f"entry {place}", entry, code)
        if told(entry, "Sts/Cd") == "BOOK" or told(entry, "Sts") == "BOOK":
            total += minor
            yield account, camt_day(file, place, entry), code, minor, reference_of(entry)
    check_camt_balance(file, statement, total, code)


def camt_amount(file: str, place: str, node: ElementTree.Element, code: Currency) -> tuple[Currency, int]:
    """Currency and minor units of an entry or a balance, + in, - out, also where it takes another entry back.

    code: the account's. Raises Broken where the amount or its direction is missing.
    """
    amount, direction = next(iter(children(node, "Amt")), None), told(node, "CdtDbtInd")
    if amount is None:
        raise Broken(f"{file}: {place} has no amount")
    if direction not in ("CRDT", "DBIT"):
        raise Broken(f"{file}: {place} says neither CRDT nor DBIT: it is no camt.053 message")
    code = currency(amount.get("Ccy", code))
    minor = minor_of(file, place, amount.text or "", code, ".")
    return code, minor if direction == "CRDT" else -minor


def check_camt_balance(file: str, statement: ElementTree.Element, total: int, code: Currency) -> None:
    """Nothing. Raises Broken when opening balance and entries do not give the closing balance."""
    balances: dict[str, int] = {}
    for balance in children(statement, "Bal"):
        name = told(balance, "Tp/CdOrPrtry/Cd")
        _, balances[name] = camt_amount(file, f"balance {name}", balance, code)
    opening = balances.get("OPBD", balances.get("PRCD"))
    if opening is not None and "CLBD" in balances and opening + total != balances["CLBD"]:
        raise Broken(
            f"{file}: opening {opening} and entries {total} do not give closing {balances['CLBD']} "
            f"(minor units of {code}): entries are missing"
        )


def camt_day(file: str, place: int, entry: ElementTree.Element) -> date:
    """The day of booking."""
    text = told(entry, "BookgDt/Dt") or told(entry, "BookgDt/DtTm")[:10]
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Broken(f"{file}: entry {place}: {text!r} is not a day of booking") from error


def reference_of(entry: ElementTree.Element) -> str:
    """All texts that may name a payout, in one line."""
    wanted = {"AddtlNtryInf", "Ustrd", "EndToEndId", "AcctSvcrRef", "Nm"}
    words = [(node.text or "").strip() for node in entry.iter() if local(node) in wanted]
    return " ".join(word for word in words if word and word != "NOTPROVIDED")


def told(node: ElementTree.Element, path: str) -> str:
    """The text at that path below the node, whatever the namespace; empty where there is none."""
    found = [node]
    for step in path.split("/"):
        found = [child for parent in found for child in children(parent, step)]
    return (found[0].text or "").strip() if found else ""


def children(node: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """The node's children of that name, whatever the namespace."""
    return [child for child in node if local(child) == name]


def local(node: ElementTree.Element) -> str:
    """The node's name without its namespace."""
    return str(node.tag).rpartition("}")[2]
