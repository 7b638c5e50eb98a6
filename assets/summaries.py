"""Summaries of flows as Dagster metadata: counts as numbers, money by currency as a table that a person can read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any, Final

import dagster as dg

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports.inbox import Certificate

DIGEST_SHOWN: Final = 12  # enough to compare two by eye; the warehouse has it whole


def metadata_of(summary: Any, row_count: int | None = None) -> dict[str, dg.MetadataValue[Any]]:
    """The summary's fields as metadata; row_count becomes the badge on the asset."""
    fields = asdict(summary) if is_dataclass(summary) and not isinstance(summary, type) else dict(summary)
    shown = {name.replace("_", " "): shown_value(name, value) for name, value in fields.items()}
    if row_count is not None:
        shown["dagster/row_count"] = dg.MetadataValue.int(row_count)
    return shown


def shown_value(name: str, value: Any) -> dg.MetadataValue[Any]:
    """One field, as Dagster shows it best."""
    match value:
        case bool():
            return dg.MetadataValue.bool(value)
        case int():
            return dg.MetadataValue.int(value)
        case Mapping():
            return dg.MetadataValue.md(table(value, money="currency" in name or "minor" in name) or "none")
        case date() | datetime():
            return dg.MetadataValue.text(value.isoformat())
        case _:
            return dg.MetadataValue.text(str(value))


def table(rows: Mapping[str, Any], *, money: bool) -> str:
    """A two-column markdown table; money: keys are currencies, values minor units."""
    if not rows:
        return ""
    head = "| currency | amount |\n|---|---:|\n" if money else "| | |\n|---|---:|\n"
    return head + "\n".join(f"| {key} | {amount(key, value) if money else value} |" for key, value in rows.items())


def amount(currency: str, minor: Any) -> str:
    """Such as '1,234.50 usd'."""
    whole, _, code = str(Money(int(minor), Currency(currency))).partition(" ")
    units, point, cents = whole.partition(".")
    return f"{int(units):,}{point}{cents} {code}"


def certificate_table(found: Sequence[Certificate]) -> str:
    """The certificates of completeness as a markdown table; one that was not issued says so, and why."""
    head = "| objects | complete up to | seen | sums | digest | missed by events |\n|---|---|---:|---|---|---:|\n"
    return head + "\n".join(map(certificate_line, found)) if found else "none yet: no sweep has run"


def certificate_line(one: Certificate) -> str:
    """One line of the table."""
    said = f"{one.complete_to:%Y-%m-%d %H:%M} UTC" if one.issued else f"**NOT ISSUED**: {one.reason.replace('|', ' ')}"
    sums = ", ".join(amount(currency, minor) for currency, minor in sorted(one.sums.items()))
    cells = (one.object_type, said, one.objects, sums, one.digest[:DIGEST_SHOWN], one.missed_by_events)
    return f"| {' | '.join(map(str, cells))} |"
