"""A customer's tax id at Stripe is its account's: added, changed and taken away with it."""

from collections.abc import Sequence

from billing_pipeline.domain.attempts import NewAttempt, Operation, Outcome, key_of
from billing_pipeline.domain.customers import tax_id_type
from billing_pipeline.domain.ids import CustomerId
from billing_pipeline.domain.requests import Request, add_tax_id, remove_tax_id
from billing_pipeline.flows.ports import Clock, Gateway, Json
from billing_pipeline.flows.ports.collection import CustomerStore, UnlinkedAccount
from billing_pipeline.flows.send_attempts import NOT_NOW, answer_to, settled_by


def follow_tax_id(
    store: CustomerStore, gateway: Gateway, clock: Clock, account: UnlinkedAccount, customer: CustomerId
) -> list[Outcome | None]:
    """What became of each call that was needed; None: not known yet. Empty where Stripe knows what it should.

    A number whose kind cannot be told stays in the customer's metadata. Others of the same kind are taken away.
    """
    try:
        known = [one for page in gateway.pages(f"/v1/customers/{customer}/tax_ids") for one in page.objects]
    except NOT_NOW:
        return [None]
    done: list[Outcome | None] = []
    for number, request in enumerate(changes(account, customer, known), start=account.tax_attempts + 1):
        done.append(_carried_out(store, gateway, clock, f"{account.customer.account_id}#tax", number, request))
        if done[-1] is None:
            return done  # whether it happened decides about the rest
    return done


def changes(account: UnlinkedAccount, customer: CustomerId, known: Sequence[Json]) -> list[Request]:
    """The calls after which the customer's tax id is the account's: the new one is there before the old one goes."""
    value, country = account.customer.tax_id.strip(), account.customer.address.get("country", "")
    kind = tax_id_type(country, value or country)
    if not kind:
        return []
    same = [one for one in known if one["type"] == kind]
    new = (
        [add_tax_id(customer, kind, value)]
        if value and plain(value) not in {plain(one["value"]) for one in same}
        else []
    )
    return new + [remove_tax_id(customer, one["id"]) for one in same if plain(one["value"]) != plain(value)]


def plain(value: str) -> str:
    """The number without its dots, blanks and dashes, which Stripe may set otherwise."""
    return "".join(filter(str.isalnum, value)).upper()


def _carried_out(
    store: CustomerStore, gateway: Gateway, clock: Clock, subject: str, number: int, request: Request
) -> Outcome | None:
    """How the call ended, said before and written after; None where nobody knows, or another process is at it."""
    key = key_of(Operation.CUSTOMER, subject, number)
    new = NewAttempt(Operation.CUSTOMER, subject, number, key, request)
    with store.transaction():
        opened = store.open_attempts([new], gateway.api_version, clock.now())
    if not opened:
        return None
    answer = answer_to(gateway, opened[0])
    store.settle(opened[0], settled_by(opened[0], answer, clock.now(), gateway.api_version), clock.now())
    return answer.verdict.outcome
