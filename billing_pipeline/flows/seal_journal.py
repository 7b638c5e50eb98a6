"""Seal the journal: a link of the hash chain over every entry that can no longer change its neighbours."""

from dataclasses import dataclass
from typing import Final

from billing_pipeline.domain.sealing import GENESIS, Seal, Window, digest
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.ledger import SealStore

FIRST_EPOCH: Final = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed. root: hex, '' when there was nothing to seal or another sealer was at it."""

    entries: int
    root: str


def seal_journal(store: SealStore, clock: Clock) -> Sealed:
    """Seal what has been committed since the last seal; writers never wait, but for the first seal of a new epoch.

    Nothing below the oldest running transaction can still commit, so a window of transaction ids up to it is complete.
    """
    with store.transaction():
        if not store.try_lock("seal_journal"):
            return Sealed(0, "")
        last = store.last_seal()
        seal = seal_over(store, clock, next_window(store, last), last)
        if not seal.entries and not seal.window.opening:
            return Sealed(0, "")
        store.add_seal(seal)
    return Sealed(seal.entries, seal.root.hex())


def next_window(store: SealStore, last: Seal | None) -> Window:
    """The window after the last seal, or the opening one of a later epoch.

    After a restore or a copy the transaction ids begin anew, so the first seal of the epoch takes all that is there.
    """
    epoch = store.epoch()
    if last is None and epoch == FIRST_EPOCH:
        return Window(epoch, 0, store.committed_below())
    if last is not None and last.window.epoch == epoch:
        return Window(epoch, last.window.tx_to, store.committed_below(), last.window.entry_floor)
    floor = store.hold_writers()
    return Window(epoch, last.window.tx_to if last else 0, store.committed_below(), floor, opening=True)


def seal_over(store: SealStore, clock: Clock, window: Window, last: Seal | None) -> Seal:
    """The seal over that window, chained to the last one."""
    previous = last.root if last else GENESIS
    summary = digest(previous, last.last_entry if last else 0)
    for entry in store.entries_in(window, last):
        summary.add(entry.entry_id, entry.content_hash, entry.currency, entry.debit_minor)
    root = summary.hash.digest()
    return Seal(window, summary.entries, summary.last_entry, summary.debits, previous, root, clock.now())
