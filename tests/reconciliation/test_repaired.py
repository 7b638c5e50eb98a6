"""Companies to which seeded mixtures of things happen behind our back: found, repaired, and the close is zero again."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Final

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import control, stripe
from billing_pipeline.adapters.tables.catalog import accounts
from billing_pipeline.domain.reconciliation import Kind
from stripe_simulator import Simulator
from tests.collecting import customer, open_desk
from tests.reconciliation.company import Company
from tests.seeds import fetch

SAMPLE: Final = (1, 2)  # of the 200 that `make soak` runs
SEEDS = [*SAMPLE, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(200) if seed not in SAMPLE)]
PAYERS, DEBTORS = 8, 3
ROUNDS_MAX: Final = 4  # a second payment is first told, then given back

Happening = Callable[[Company, str], Kind]
"""Something happens to the account; as what it must be found."""


def intent_of(company: Company, account: str) -> str:
    (row,) = fetch(company.desk.db, stripe.collections, invoice_id=f"inv-{account}-0")
    return str(row["payment_intent_id"])


def charge_of(company: Company, account: str) -> str:
    (row,) = fetch(company.desk.db, stripe.payments, payment_intent_id=intent_of(company, account))
    return str(row["charge_id"])


def customer_of(company: Company, account: str) -> str:
    (row,) = fetch(company.desk.db, accounts, account_id=account)
    return str(row["stripe_customer_id"])


def part_is_refunded(company: Company, account: str) -> Kind:
    company.desk.sim.drift.refund(charge_of(company, account), 500)
    return Kind.REFUND_MISMATCH


def all_is_refunded(company: Company, account: str) -> Kind:
    company.desk.sim.drift.refund(charge_of(company, account))
    return Kind.REFUND_MISMATCH


def payment_is_disputed(company: Company, account: str) -> Kind:
    company.desk.sim.drift.dispute(charge_of(company, account))
    return Kind.DISPUTE_UNBOOKED


def customer_is_deleted(company: Company, account: str) -> Kind:
    company.desk.sim.drift.delete_customer(customer_of(company, account))
    return Kind.CUSTOMER_DELETED


def invoice_is_paid_twice(company: Company, account: str) -> Kind:
    company.desk.sim.drift.orphan_payment_intent(
        customer_of(company, account), 4900, "usd", {"invoice_id": f"inv-{account}-0", "account_id": account}
    )
    return Kind.DUPLICATE_CHARGE


def amount_is_changed(company: Company, account: str) -> Kind:
    company.desk.sim.drift.change_amount(intent_of(company, account))
    return Kind.AMOUNT


def stranger_pays(company: Company, account: str) -> Kind:
    company.desk.sim.drift.orphan_payment_intent(customer_of(company, account), 700, "usd")
    return Kind.ORPHAN_OBJECT


def intent_is_canceled(company: Company, account: str) -> Kind:
    company.desk.sim.drift.cancel_payment_intent(intent_of(company, account))
    return Kind.STATUS


def debtor_pays_unheard(company: Company, account: str) -> Kind:
    client = company.desk.sim.client()
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer_of(company, account)})
    client.v1.payment_intents.confirm(intent_of(company, account), {"payment_method": method.id, "off_session": True})
    return Kind.MISSING_IN_LEDGER


def reply_is_lost(company: Company, account: str) -> Kind:
    company.desk.fault("drop_after")
    company.runs += 1  # names the invoice
    company.bill(account)
    return Kind.UNKNOWN_OUTCOME


TO_PAYERS: Final[tuple[Happening, ...]] = (
    part_is_refunded, all_is_refunded, payment_is_disputed, customer_is_deleted, invoice_is_paid_twice, amount_is_changed,
    stranger_pays, reply_is_lost,
)  # fmt: skip
TO_DEBTORS: Final[tuple[Happening, ...]] = (intent_is_canceled, debtor_pays_unheard)
FOR_A_PERSON: Final = {Kind.AMOUNT, Kind.ORPHAN_OBJECT}


def founded(db: Database, simulator: Simulator, folder: Path) -> Company:
    """A company with invoices paid and unpaid, compared once and found in order."""
    desk = open_desk(db, simulator)
    cards = {f"p{n}": "pm_card_visa" for n in range(PAYERS)} | {
        f"d{n}": "pm_sim_insufficient_funds" for n in range(DEBTORS)
    }
    for account, card in cards.items():
        customer(desk, account, card)
    company = Company(desk, folder)
    company.bill(*cards)
    desk.pass_time(hours=3)
    company.sweep()
    assert company.reconcile().findings == 0
    return company


def spoilt(company: Company, random: Random) -> Counter[str]:
    """What was made to happen, by the kind as which it must be found."""
    happenings = random.choices(TO_PAYERS, k=random.randint(2, PAYERS)) + random.choices(
        TO_DEBTORS, k=random.randint(0, DEBTORS)
    )
    names: Mapping[bool, list[str]] = {True: [f"d{n}" for n in range(DEBTORS)], False: [f"p{n}" for n in range(PAYERS)]}
    found: Counter[str] = Counter()
    for happening in sorted(happenings, key=lambda one: one is reply_is_lost):
        found[happening(company, names[happening in TO_DEBTORS].pop()).value] += 1
    return found


def put_right(company: Company) -> None:
    """Repairs until nothing more happens; somebody else approves what gives money back."""
    for _ in range(ROUNDS_MAX):
        company.repair()
        for stored in company.repairs.repairs("proposed"):
            if stored.kind == "refund_duplicate":
                company.repairs.approve(stored.repair_id, "ann", company.desk.clock.now())
                company.repair()
        company.desk.pass_time(hours=2)
        if company.reconcile().findings == 0:
            return


@pytest.mark.parametrize("seed", SEEDS)
def test_what_can_be_repaired_is_and_nothing_else(
    db: Database, simulator: Simulator, tmp_path: Path, seed: int
) -> None:
    company = founded(db, simulator, tmp_path)
    expected = spoilt(company, Random(seed))
    company.desk.pass_time(hours=2)
    company.reconcile()
    found = Counter(company.kinds())

    put_right(company)

    left = Counter({kind: count for kind, count in expected.items() if kind in FOR_A_PERSON})
    done = fetch(db, control.repairs)
    last = company.reconcile(whole=True)
    assert found == expected
    assert Counter(company.kinds()) == left
    assert [(row["kind"], row["outcome"]) for row in done if row["state"] == "failed"] == []
    assert last.unexplained == 0
    assert unbooked(company) <= {"difference:amount", "difference:orphan_object", "difference:after_cut_off"}


def unbooked(company: Company) -> set[str]:
    """What lies between the ledger and Stripe's objects, by name."""
    return {
        line.name for line in company.proof().lines if line.bridge == "ledger_to_objects" and "difference" in line.name
    }
