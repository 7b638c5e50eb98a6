"""Every account is one Stripe customer: found if it is there already, made if not, and told of changes."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from billing_pipeline.domain.attempts import Attempt, NewAttempt, Operation, Outcome, key_of
from billing_pipeline.domain.customers import adoptable
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import CustomerId
from billing_pipeline.domain.requests import Request, create_customer, update_customer
from billing_pipeline.flows.follow_tax_ids import follow_tax_id
from billing_pipeline.flows.ports import Clock, Gateway, Json
from billing_pipeline.flows.ports.collection import CustomerStore, UnlinkedAccount
from billing_pipeline.flows.send_attempts import KEY_REFUSED, NOT_NOW, Answer, answer_to, in_threads, settled_by

ACCOUNTS_MAX: Final = 10_000  # per run, two calls each; the rest follows with the next
THREADS: Final = 8  # a customer is no hurry: half of what collecting takes

CREATED, ADOPTED, UPDATED = "created", "adopted", "updated"
DELETED, REFUSED, UNKNOWN = "deleted", "refused", "unknown"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What a run did, in accounts. deleted: their customer is gone at Stripe. refused: read the attempt's remedy."""

    created: int = 0
    adopted: int = 0
    updated: int = 0
    deleted: int = 0
    refused: int = 0
    unknown: int = 0


def provision_customers(
    store: CustomerStore,
    gateway: Gateway,
    clock: Clock,
    *,
    limit: int = ACCOUNTS_MAX,
    threads: int = THREADS,
    environment: str = "billing",
) -> Provisioned:
    """Link every account without a customer, and tell Stripe what changed in the others.

    An outcome that stays unknown is settled with the other attempts; the next run then finds the customer by its mark.
    Raises Broken when Stripe refuses the key.
    """

    def work(account: UnlinkedAccount) -> list[str]:
        return _provision(store, gateway, clock, account, environment)

    counts: Counter[str] = Counter()
    for words in in_threads(store.unlinked_accounts(clock.now(), limit), work, threads):
        counts.update(words)
    return Provisioned(**counts)


def _provision(
    store: CustomerStore, gateway: Gateway, clock: Clock, account: UnlinkedAccount, environment: str
) -> list[str]:
    """What was done for one account, in words."""
    if account.customer_id:
        return _update(store, gateway, clock, account, account.customer_id, environment)
    try:
        found = _find(gateway, account)
    except NOT_NOW:
        return [UNKNOWN]  # without having looked, a second customer could be made
    if found is None:
        return _create(store, gateway, clock, account, environment)
    store.link_customer(account.customer.account_id, found, "")
    updated = _update(store, gateway, clock, account, found, environment)
    return [ADOPTED, *(word for word in updated if word != UPDATED)]


def _find(gateway: Gateway, account: UnlinkedAccount) -> CustomerId | None:
    pages = gateway.pages("/v1/customers", {"email": account.customer.email})
    found = [customer for page in pages for customer in page.objects]
    return adoptable(found, account.customer.account_id, account.email_is_shared)


def _create(
    store: CustomerStore, gateway: Gateway, clock: Clock, account: UnlinkedAccount, environment: str
) -> list[str]:
    attempt = _said(store, gateway, clock, account, create_customer(account.customer, environment))
    answer = _done(store, gateway, clock, attempt) if attempt else None
    if answer and answer.found and answer.verdict.outcome is Outcome.SUCCEEDED:
        return [CREATED, *_linked(store, gateway, clock, account, CustomerId(answer.found["id"]))]
    return [_failed(answer)]


def _linked(
    store: CustomerStore, gateway: Gateway, clock: Clock, account: UnlinkedAccount, customer: CustomerId
) -> list[str]:
    """Link the account to its customer, its tax id included; what there is to say about that.

    While it is not known whether the tax id is there, the account counts as changed: the next run looks again.
    """
    name, fresh = account.customer.account_id, account.customer_id is None
    if fresh:
        store.link_customer(name, customer, "")
    done = follow_tax_id(store, gateway, clock, account, customer) if account.customer.tax_id or not fresh else []
    if None not in done:
        store.link_customer(name, customer, account.digest)
    return [UNKNOWN] * done.count(None) + [REFUSED] * done.count(Outcome.REFUSED)


def _update(
    store: CustomerStore,
    gateway: Gateway,
    clock: Clock,
    account: UnlinkedAccount,
    customer: CustomerId,
    environment: str,
) -> list[str]:
    attempt = _said(store, gateway, clock, account, update_customer(customer, account.customer, environment))
    answer = _done(store, gateway, clock, attempt) if attempt else None
    if answer and answer.verdict.outcome is Outcome.SUCCEEDED:
        return [UPDATED, *_linked(store, gateway, clock, account, customer)]
    if answer and answer.verdict.codes.code == "resource_missing" and _is_gone(gateway, customer):
        store.flag_deleted(customer, clock.now())
        return [DELETED]
    return [_failed(answer)]


def _said(
    store: CustomerStore, gateway: Gateway, clock: Clock, account: UnlinkedAccount, request: Request
) -> Attempt | None:
    """The committed attempt, or None where another process has one open."""
    name, number = str(account.customer.account_id), account.attempts + 1
    new = NewAttempt(Operation.CUSTOMER, name, number, key_of(Operation.CUSTOMER, name, number), request)
    with store.transaction():
        opened = store.open_attempts([new], gateway.api_version, clock.now())
    return opened[0] if opened else None


def _done(store: CustomerStore, gateway: Gateway, clock: Clock, attempt: Attempt) -> Answer:
    answer = answer_to(gateway, attempt)
    store.settle(attempt, settled_by(attempt, answer, clock.now(), gateway.api_version), clock.now())
    if answer.verdict.codes.code == KEY_REFUSED:
        raise Broken(answer.verdict.remedy)
    return answer


def _is_gone(gateway: Gateway, customer: CustomerId) -> bool:
    known: Json | None = gateway.read(f"/v1/customers/{customer}")
    return known is None or bool(known.get("deleted"))


def _failed(answer: Answer | None) -> str:
    return REFUSED if answer and answer.verdict.outcome is Outcome.REFUSED else UNKNOWN
