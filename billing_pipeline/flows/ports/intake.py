"""What the intake needs: which rows are there, and a way to add more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing_pipeline.domain.intake import Refusal
from billing_pipeline.flows.ports import Json
from billing_pipeline.flows.ports.ledger import Journal

TableRow = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of one kind: its header and its cells by line. digest: SHA-256 of its bytes."""

    file: str
    digest: str
    header: tuple[str, ...]
    lines: tuple[tuple[int, Mapping[str, str]], ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file. added, changed, known: rows; known ones were there and say the same.

    refused: in the order of the file. again: the file was taken before. dry: nothing was taken.
    """

    kind: str
    rows: int
    added: int
    changed: int
    known: int
    refused: tuple[Refusal, ...]
    again: bool = False
    dry: bool = False


class IntakeStore(Journal, Protocol):
    """What import_rows reads and writes."""

    def imported_before(self, kind: str, digest: str) -> bool:
        """Whether this content was taken whole before."""

    def existing(self, table: str, keys: Sequence[str]) -> dict[str, Json]:
        """The rows with these keys, by key."""

    def add(self, table: str, rows: Sequence[TableRow]) -> None:
        """Add rows, all with the same columns."""

    def change(self, table: str, rows: Sequence[TableRow]) -> None:
        """Change rows by 'key'; None leaves a field as it is."""

    def remember(self, sheet: Sheet, imported: Imported, by: str, now: datetime) -> None:
        """Write down that the file was taken."""
