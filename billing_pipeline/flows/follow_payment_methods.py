"""Know how each account pays before it is charged: cards, debits, which is the default, and when they expire."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from billing_pipeline.domain.customers import charged_method
from billing_pipeline.domain.events import id_of
from billing_pipeline.domain.ids import AccountId, CustomerId, PaymentMethodId
from billing_pipeline.domain.stripe_objects import PaymentMethod, parse_method
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.collection import CustomerStore, KnownMethod
from billing_pipeline.flows.send_attempts import in_threads

ACCOUNTS_MAX: Final = 10_000  # per run, two reads each
THREADS: Final = 8

DELETED, WITHOUT, CHANGED, SAME = "deleted", "without_method", "new_default", "unchanged"


@dataclass(frozen=True, slots=True)
class Followed:
    """What a run saw, in accounts. new_default: charged by another method from now on."""

    new_default: int = 0
    unchanged: int = 0
    without_method: int = 0
    deleted: int = 0


def follow_payment_methods(
    store: CustomerStore,
    gateway: Gateway,
    clock: Clock,
    *,
    accounts: Sequence[AccountId] | None = None,
    limit: int = ACCOUNTS_MAX,
    threads: int = THREADS,
) -> Followed:
    """Read the payment methods of accounts that will be charged soon and have none that we know of.

    Events keep the others in step: reading all of them every day would use up Stripe's read allocation.
    accounts: read exactly these instead.
    """
    if accounts is None:
        wanted = store.accounts_to_follow(clock.now(), limit)
    else:
        wanted = [(one, customer) for one in accounts if (customer := store.customer_account(one))]

    def work(pair: tuple[AccountId, CustomerId]) -> str:
        return _follow(store, gateway, clock, *pair)

    return Followed(**Counter(in_threads(wanted, work, threads)))


def _follow(store: CustomerStore, gateway: Gateway, clock: Clock, account: AccountId, customer: CustomerId) -> str:
    known = gateway.read(f"/v1/customers/{customer}")
    if known is None or known.get("deleted"):
        store.flag_deleted(customer, clock.now())
        return DELETED
    pages = gateway.pages(f"/v1/customers/{customer}/payment_methods")
    methods = [parse_method(raw) for page in pages for raw in page.objects]
    chosen = charged_method(methods, id_of((known.get("invoice_settings") or {}).get("default_payment_method")))
    changed = store.keep_methods(account, [_known(one, account, chosen) for one in methods], clock.now())
    if not methods:
        return WITHOUT
    return CHANGED if changed else SAME


def _known(method: PaymentMethod, account: AccountId, chosen: str) -> KnownMethod:
    return KnownMethod(
        payment_method_id=PaymentMethodId(method.id),
        account_id=account,
        type=method.type,
        brand=method.brand,
        last4=method.last4,
        fingerprint=method.fingerprint,
        exp_month=method.exp_month,
        exp_year=method.exp_year,
        country=method.country,
        is_default=method.id == chosen,
        attached_at=method.created,
    )
