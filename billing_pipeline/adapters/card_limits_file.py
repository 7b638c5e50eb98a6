"""How often a card may be declined, from policies/cards.toml."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from billing_pipeline.adapters.toml_files import read_toml, table_of
from billing_pipeline.domain.card_budget import DEFAULT, LIMITS, CardLimits, Limit, too_loose
from billing_pipeline.domain.errors import Broken

FILE: Final = "cards.toml"
TABLE: Final = "declines"
OTHERS: Final = "others"
KEYS: Final = frozenset({"times", "within_hours"})
NUMBER_MAX: Final = 100_000  # hours of eleven years: nobody waits longer for a card


def read_card_limits(folder: Path) -> CardLimits:
    """The limits of the folder; our defaults for what its file does not say. Raises Broken with what is wrong."""
    path = folder / FILE
    if not path.exists():
        return LIMITS
    raw = read_toml(path)
    told = table_of(f"{path}: {TABLE}", raw.pop(TABLE, {}))
    if raw:
        raise Broken(f"{path}: unknown table {min(raw)!r}: there is only [{TABLE}]")
    limits = {**LIMITS} | {
        DEFAULT if brand == OTHERS else brand: _limits(path, brand, rows) for brand, rows in told.items()
    }
    if loose := too_loose(limits):
        raise Broken(f"{path}: {loose[0]} allows what its network fines: make it stricter")
    return limits


def _limits(path: Path, brand: str, rows: object) -> tuple[Limit, ...]:
    if not isinstance(rows, list) or not rows:
        raise Broken(f"{path}: {brand} must be a list such as [{{ times = 15, within_hours = 720 }}]")
    return tuple(_limit(path, brand, row) for row in rows)


def _limit(path: Path, brand: str, row: object) -> Limit:
    if not isinstance(row, dict) or row.keys() != KEYS or not all(map(_is_usable, row.values())):
        raise Broken(f"{path}: {brand} needs times and within_hours, both whole numbers above 0, not {row!r}")
    return Limit(row["times"], timedelta(hours=row["within_hours"]))


def _is_usable(number: object) -> bool:
    return type(number) is int and 0 < number <= NUMBER_MAX
