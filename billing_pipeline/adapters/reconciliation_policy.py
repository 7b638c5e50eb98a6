"""policies/reconciliation.toml, read once and checked: a wrong line is named with its section."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from billing_pipeline.adapters.exchange_rates import Reporting, read_rates
from billing_pipeline.adapters.toml_files import read_toml, table_of
from billing_pipeline.domain.currencies import Currency, currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.reconciliation import Kind, ReconciliationPolicy

FILE: Final = "reconciliation.toml"
LISTS: Final = frozenset({"reference_columns", "ignored_columns"})


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """How the CSV statement of one bank account is read. currency: of the account; a currency column must agree."""

    currency: Currency
    date_column: str
    amount_column: str = ""
    credit_column: str = ""
    debit_column: str = ""
    currency_column: str = ""
    balance_column: str = ""
    reference_columns: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    delimiter: str = ","
    encoding: str = "utf-8"
    date_format: str = "%Y-%m-%d"
    decimal_mark: str = "."
    only_containing: str = ""

    def __post_init__(self) -> None:
        if bool(self.amount_column) == bool(self.credit_column or self.debit_column):
            raise Broken("name amount_column, or credit_column and debit_column")
        if bool(self.credit_column) != bool(self.debit_column):
            raise Broken("credit_column and debit_column go together")
        if self.decimal_mark not in (".", ","):
            raise Broken(f"decimal_mark must be a point or a comma, got {self.decimal_mark!r}")
        if len(self.delimiter) != 1:
            raise Broken(f"delimiter must be one character, got {self.delimiter!r}")
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise Broken(f"nobody knows the encoding {self.encoding!r}") from error

    @property
    def columns(self) -> frozenset[str]:
        """Every column that the file may have."""
        one = (
            self.date_column, self.amount_column, self.credit_column, self.debit_column, self.currency_column,
            self.balance_column,
        )  # fmt: skip
        return frozenset(name for name in (*one, *self.reference_columns, *self.ignored_columns) if name)


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """The whole file. banks: CSV mappings by bank account. row_counts: ordinary numbers of open divergences by kind.

    reporting: the currency of reports, with the rates of exchange_rates.csv beside the file.
    """

    version: str
    policy: ReconciliationPolicy
    banks: Mapping[str, CsvMapping]
    row_counts: Mapping[Kind, tuple[int, int]]
    reporting: Reporting


def load_policy(folder: Path) -> PolicyFile:
    """The policy in that folder. Raises Broken naming the section and what is wrong with it."""
    path = folder / FILE
    try:
        raw = read_toml(path)
    except FileNotFoundError as error:
        raise Broken(f"{path} does not exist: set BILLING_POLICIES to the folder of the policies") from error
    refuse_unknown(path, "the file", raw, {"version", "limits", "row_counts", "bank", "reporting"})
    limits, banks, counts, told = (
        table_of(f"{path}, [{name}]", raw.get(name, {})) for name in ("limits", "bank", "row_counts", "reporting")
    )
    refuse_unknown(path, "[limits]", limits, {field.name for field in fields(ReconciliationPolicy)})
    return PolicyFile(
        str(raw.get("version", "")),
        ReconciliationPolicy(**limits),
        {name: bank(path, name, table_of(f"{path}, [bank.{name}]", section)) for name, section in banks.items()},
        {kind(path, name): bounds(path, name, pair) for name, pair in counts.items()},
        reporting(path, told),
    )


def reporting(path: Path, section: Mapping[str, Any]) -> Reporting:
    """What section [reporting] and the file of rates say; US dollars where nothing is said."""
    refuse_unknown(path, "[reporting]", section, {"currency"})
    try:
        told = currency(text(section.get("currency", "usd"), "currency"))
    except Broken as error:
        raise Broken(f"{path}, [reporting]: {error}") from error
    return Reporting(told, read_rates(path.parent, told))


def refuse_unknown(path: Path, section: str, found: Mapping[str, Any], known: set[str]) -> None:
    """Nothing. Raises Broken when the section says something that nobody reads."""
    if unknown := sorted(set(found) - known):
        raise Broken(f"{path}, {section}: nobody reads {unknown[0]!r}; known are {', '.join(sorted(known))}")


def bank(path: Path, name: str, section: Mapping[str, Any]) -> CsvMapping:
    """The mapping in section [bank.<name>]."""
    refuse_unknown(path, f"[bank.{name}]", section, {field.name for field in fields(CsvMapping)})
    try:
        read: dict[str, Any] = {key: (texts if key in LISTS else text)(value, key) for key, value in section.items()}
        return CsvMapping(**{**read, "currency": currency(text(section.get("currency"), "currency"))})
    except (Broken, TypeError) as error:
        raise Broken(f"{path}, [bank.{name}]: {error}") from error


def text(value: Any, key: str) -> str:
    """The value, which is text. Raises Broken naming the key when it is missing or anything else."""
    if not isinstance(value, str):
        raise Broken(f"{key} is missing" if value is None else f"{key} must be text, not {value!r}")
    return value


def texts(value: Any, key: str) -> tuple[str, ...]:
    """The value, which is a list of texts. Raises Broken naming the key when it is anything else."""
    if not isinstance(value, list):
        raise Broken(f"{key} must be a list, not {value!r}")
    return tuple(text(one, key) for one in value)


def kind(path: Path, name: str) -> Kind:
    """The kind of that name."""
    try:
        return Kind(name)
    except ValueError as error:
        raise Broken(f"{path}, [row_counts]: {name!r} is no kind of divergence") from error


def bounds(path: Path, name: str, pair: Any) -> tuple[int, int]:
    """Least and most."""
    if not (
        isinstance(pair, list) and len(pair) == 2 and all(type(n) is int for n in pair) and 0 <= pair[0] <= pair[1]
    ):
        raise Broken(f"{path}, [row_counts]: {name} must be [least, most], got {pair!r}")
    return pair[0], pair[1]
