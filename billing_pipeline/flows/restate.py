"""As closed and as known now: what came to be known of closed days, and why."""

from dataclasses import dataclass
from datetime import date

from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports.closing import CloseStore, Restated, RestatedAccount


@dataclass(frozen=True, slots=True)
class Restatement:
    """Two readings of the same days. accounts: those whose sums differ. changes: the entries that make the difference.

    An entry of one closed day of the range that is booked on another one of it is a change of both days, and of no sum.
    """

    from_day: date
    to_day: date
    accounts: tuple[RestatedAccount, ...]
    changes: tuple[Restated, ...]


def restate(store: CloseStore, from_day: date, to_day: date) -> Restatement:
    """Every entry that was booked later than it belongs, because its day was closed: from those days, or into them."""
    if to_day < from_day:
        raise Broken(f"from {from_day} to {to_day} holds no day: turn them round")
    accounts, changes = store.restated_accounts(from_day, to_day), store.restatement(from_day, to_day)
    return Restatement(from_day, to_day, tuple(accounts), tuple(changes))
