"""Credit notes and losses: how much of an invoice may be taken back, and what that amount is made of."""

from dataclasses import dataclass

from billing_pipeline.domain.billing_entries import Portions
from billing_pipeline.domain.errors import Broken


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of an invoice to take back, in minor units: tax, net amount, and the unearned part of the latter."""

    tax: int
    net: int
    unearned: int


def credit_parts(amount: int, left: Remaining) -> Portions:
    """What a credit note of that amount gives back: tax and unearned revenue in proportion, the rest was earned.

    Crediting all that is left gives back all of each part. Raises Broken outside 1..tax + net.
    """
    whole = left.tax + left.net
    if not 0 < amount <= whole:
        raise Broken(f"a credit note of {amount} does not fit: {whole} minor units of the invoice are left to credit")
    tax = left.tax * amount // whole
    net = amount - tax
    unearned = min(max(left.unearned, 0), left.net) * net // left.net if left.net else 0
    return Portions(unearned, net - unearned, tax)


def loss_parts(open_minor: int, left: int, tax: int, unearned: int) -> Portions:
    """What an open amount that is given up is made of: tax and unearned revenue in proportion, the rest was earned.

    left, tax: of the invoice, without what credit notes and refunds gave back; unearned: still deferred of it. A previous
    balance in the open amount was earned before.
    """
    share = min(open_minor, left)
    if not share:
        return Portions(0, open_minor)
    tax_lost = tax * share // left
    unearned_lost = min(max(unearned, 0) * share // left, share - tax_lost)
    return Portions(unearned_lost, open_minor - tax_lost - unearned_lost, tax_lost)
