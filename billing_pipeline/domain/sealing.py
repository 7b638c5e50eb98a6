"""Seals over the journal: a chain of hashes that shows when an old entry was changed, added or taken away."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

GENESIS: Final = bytes(32)
"""The root before the first seal."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which entries a seal covers: those written by transactions in [tx_from, tx_to), with an id above entry_floor.

    epoch: how often the database was adopted after a restore or a copy, because transaction ids begin again there.
    opening: the first seal of a later epoch; it covers what earlier epochs left unsealed, with ids up to entry_floor.
    """

    epoch: int
    tx_from: int
    tx_to: int
    entry_floor: int = 0
    opening: bool = False


@dataclass(frozen=True, slots=True)
class Seal:
    """A link of the chain. debits: sum of debits by currency, in minor units. root: sha256(previous_root, hashes).

    last_entry: the largest entry id that its epoch has sealed so far.
    """

    window: Window
    entries: int
    last_entry: int
    debits: dict[str, int]
    previous_root: bytes
    root: bytes
    sealed_at: datetime


@dataclass(slots=True)
class Digest:
    """A running summary of entries, fed in the order of their ids. Not frozen: a million entries pass through it."""

    entries: int
    last_entry: int
    debits: dict[str, int]
    hash: "hashlib._Hash"

    def add(self, entry_id: int, content_hash: bytes, currency: str, debit_minor: int) -> None:
        """Take in the next entry. debit_minor: the sum of its debits."""
        self.entries += 1
        self.last_entry = max(self.last_entry, entry_id)
        self.debits[currency] = self.debits.get(currency, 0) + debit_minor
        self.hash.update(content_hash)


def digest(previous_root: bytes, last_entry: int = 0) -> Digest:
    """An empty summary that continues the chain at previous_root."""
    return Digest(0, last_entry, {}, hashlib.sha256(previous_root))


def next_root(previous_root: bytes, content_hashes: Iterable[bytes]) -> bytes:
    """The root over these entries, in the order of their ids."""
    made = hashlib.sha256(previous_root)
    for content_hash in content_hashes:
        made.update(content_hash)
    return made.digest()
