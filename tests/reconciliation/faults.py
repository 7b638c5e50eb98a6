"""Every kind of disagreement, as a way to spoil one of two agreeing books, with what must be found and nothing else."""
# long because every way to spoil two books stands here, beside what must be found of it

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from billing_pipeline.adapters.tables import stripe
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ledger import Entry, LedgerAccount, postings
from tests.seeds import add, change, insert_collection, insert_invoice
from tests.two_books import NOW, PAID_AT, TwoBooks, seconds

Expected = set[tuple[str, str]]
Fault = Callable[[TwoBooks, str], Expected]
"""Spoils the books about a name that makes its ids its own; what must be found."""


def entry(source: str, kind: str, minor: int, *, at: datetime = PAID_AT) -> Entry:
    """An entry that moves money into the Stripe balance out of nowhere."""
    sides = postings((LedgerAccount.STRIPE_PENDING, minor, None), (LedgerAccount.ROUNDING, -minor, None))
    return Entry(source, kind, Currency("usd"), at, at.date(), sides)


def payment_that_stripe_does_not_know(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    for object_type, prefix in (("payment_intent", "pi_"), ("charge", "ch_"), ("balance_transaction", "txn_")):
        books.take(object_type, prefix + name)
    return {("missing_in_stripe", f"pi_{name}")}


def customer_that_stripe_does_not_know(books: TwoBooks, name: str) -> Expected:
    books.customer(name)
    books.change("customer", f"cus_{name}", missing=True)
    return {("missing_in_stripe", f"cus_{name}")}


def entry_of_a_payment_that_never_was(books: TwoBooks, name: str) -> Expected:
    books.book(entry(f"payment:ch_{name}", "payment", 4900))
    return {("missing_in_stripe", f"payment:ch_{name}")}


def payment_that_we_were_not_told(books: TwoBooks, name: str) -> Expected:
    books.open_invoice(name, "acme", status="processing")
    books.take("payment_intent", f"pi_{name}")
    books.charge(name, "acme", 4900, PAID_AT)
    return {("missing_in_ledger", f"pi_{name}")}


def payment_without_its_entry(books: TwoBooks, name: str) -> Expected:
    invoice = f"inv-{name}"
    insert_invoice(books.db, invoice, "acme", state="paid", paid_at=PAID_AT, paid_minor=4900)
    books.charge(name, "acme", 4900, PAID_AT)
    add(
        books.db, stripe.payments, payment_id=f"pi_{name}", account_id="acme", invoice_id=invoice, method="card",
        payment_intent_id=f"pi_{name}", charge_id=f"ch_{name}", currency="usd", amount_minor=4900, applied_minor=4900,
        succeeded_at=PAID_AT,
    )  # fmt: skip
    return {("missing_in_ledger", f"pi_{name}")}


def amount_that_differs(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    change(books.db, stripe.payments, f"pi_{name}", amount_minor=4800, applied_minor=4800)
    return {("amount", f"pi_{name}")}


def amount_booked_wrong(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.charge(f"{name}x", "acme", 5000, PAID_AT, invoice=f"inv-{name}x")
    insert_invoice(books.db, f"inv-{name}x", "acme", state="paid", paid_at=PAID_AT, paid_minor=5000, total_minor=5000)
    add(
        books.db, stripe.payments, payment_id=f"pi_{name}x", account_id="acme", invoice_id=f"inv-{name}x", method="card",
        payment_intent_id=f"pi_{name}x", charge_id=f"ch_{name}x", currency="usd", amount_minor=5000, applied_minor=5000,
        succeeded_at=PAID_AT,
    )  # fmt: skip
    _, *rest = books.entries(f"{name}x", "acme")
    books.book(entry(f"payment:ch_{name}x", "payment", 4000), *rest)
    return {("amount", f"pi_{name}x")}


def entry_that_nothing_explains(books: TwoBooks, name: str) -> Expected:
    at = PAID_AT + timedelta(days=len(name))
    books.book(entry(f"manual:{name}", "manual", 777, at=at))
    return {("amount", f"bridge:ledger_to_objects:{at.date()}:usd")}


def currency_that_differs(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.change("payment_intent", f"pi_{name}", currency="eur")
    return {("currency", f"pi_{name}")}


def status_that_differs(books: TwoBooks, name: str) -> Expected:
    books.open_invoice(name, "acme")
    books.change("payment_intent", f"pi_{name}", status="canceled", canceled_at=seconds(PAID_AT))
    return {("status", f"pi_{name}")}


def payment_that_stripe_took_back(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.change("payment_intent", f"pi_{name}", status="requires_payment_method", amount_received=0)
    return {("status", f"pi_{name}")}


def charge_made_twice(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.charge(f"{name}second", "acme", 4900, PAID_AT + timedelta(minutes=5), invoice=f"inv-{name}")
    return {("duplicate_charge", f"inv-{name}")}


def charge_made_twice_and_booked(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    second, at = f"{name}second", PAID_AT + timedelta(minutes=5)
    insert_collection(
        books.db, f"inv-{name}", f"pi_{second}", seq=2, status="succeeded", failures=0, last_failed_at=None, opened_at=at,
        closed_at=at, close_reason="paid",
    )  # fmt: skip
    books.charge(second, "acme", 4900, at, invoice=f"inv-{name}")
    add(
        books.db, stripe.payments, payment_id=f"pi_{second}", account_id="acme", invoice_id=f"inv-{name}", method="card",
        payment_intent_id=f"pi_{second}", charge_id=f"ch_{second}", currency="usd", amount_minor=4900, applied_minor=0,
        succeeded_at=at,
    )  # fmt: skip
    books.book(*books.entries(second, "acme"))
    return {("duplicate_charge", f"inv-{name}")}


def call_that_nobody_answered(books: TwoBooks, name: str) -> Expected:
    insert_invoice(books.db, f"inv-{name}", "acme", issued_at=PAID_AT)
    add(
        books.db, stripe.stripe_attempts, operation="charge", subject=f"inv-{name}#1", attempt=1,
        idempotency_key=f"pi:inv-{name}:1:1", api_version="v", method_path="post /v1/payment_intents", request_json="{}",
        started_at=PAID_AT, lease_until=PAID_AT, unknown_reason="no_reply",
    )  # fmt: skip
    return {("unknown_outcome", f"pi:inv-{name}:1:1")}


def money_for_a_void_invoice(books: TwoBooks, name: str) -> Expected:
    from billing_pipeline.domain import cash_entries
    from billing_pipeline.domain.billing_entries import When
    from billing_pipeline.domain.cash_entries import Owner, Split
    from billing_pipeline.domain.ids import AccountId, InvoiceId

    insert_invoice(books.db, f"inv-{name}", "acme", state="void", voided_at=PAID_AT)
    books.charge(name, "acme", 4900, PAID_AT)
    add(
        books.db, stripe.payments, payment_id=f"pi_{name}", account_id="acme", invoice_id=f"inv-{name}", method="card",
        payment_intent_id=f"pi_{name}", charge_id=f"ch_{name}", currency="usd", amount_minor=4900, applied_minor=0,
        succeeded_at=PAID_AT,
    )  # fmt: skip
    _, *rest = books.entries(name, "acme")
    unapplied = cash_entries.payment(
        f"payment:ch_{name}", LedgerAccount.STRIPE_PENDING, Split(unapplied=4900), Currency("usd"),
        When(PAID_AT, PAID_AT.date()), Owner(AccountId("acme"), InvoiceId(f"inv-{name}")),
    )  # fmt: skip
    books.book(unapplied, *rest)
    return {("unapplied_payment", f"pi_{name}")}


def refund_made_in_the_dashboard(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    return {("refund_mismatch", books.refunded(name, "acme", 500, told=False))}


def refund_that_failed_later(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    refund = books.refunded(name, "acme", 500)
    books.change("refund", refund, status="failed")
    return {("refund_mismatch", refund)}


def refund_that_stripe_does_not_know(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    refund = books.refunded(name, "acme", 500)
    books.take("refund", refund)
    books.take("balance_transaction", f"txn_{refund}")
    return {("refund_mismatch", refund)}


def dispute_that_we_were_not_told(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    return {("dispute_unbooked", books.disputed(name, "acme", 4900, told=False))}


def dispute_lost_unnoticed(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    dispute = books.disputed(name, "acme", 4900)
    books.change("dispute", dispute, status="lost")
    return {("dispute_unbooked", dispute)}


def dispute_lost_whose_loss_is_not_booked(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    dispute = books.disputed(name, "acme", 4900)
    books.change("dispute", dispute, status="lost")
    change(books.db, stripe.disputes, dispute, status="lost")
    return {("dispute_unbooked", dispute)}


def fee_that_is_not_booked(books: TwoBooks, name: str) -> Expected:
    txn = books.transaction(f"txn_{name}", -250, 0, "fee", None, PAID_AT)
    return {("fee_unbooked", str(txn["id"]))}


def fee_that_differs(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.change("balance_transaction", f"txn_{name}", fee=200, net=4700)
    return {("fee_unbooked", f"txn_{name}")}


def fee_of_an_instant_payout_that_is_not_booked(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    amount = books.paid_out(f"po_{name}", [f"txn_{name}"], at=NOW - timedelta(days=2), status="in_transit")
    books.change("balance_transaction", f"txn_po_{name}", fee=50, net=-amount - 50)
    return {("fee_unbooked", f"txn_po_{name}")}


def fee_of_a_refund_that_is_not_booked(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    refund = books.refunded(name, "acme", 500)
    books.change("balance_transaction", f"txn_{refund}", fee=30, net=-530)
    return {("fee_unbooked", f"txn_{refund}")}


def fee_of_a_failed_refund_that_is_not_booked(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    refund = books.refunded(name, "acme", 500)
    books.change("refund", refund, status="failed")
    change(books.db, stripe.refunds, refund, status="failed")
    books.book(entry(f"refund_failed:{refund}", "refund_failed", 500))
    back = books.transaction(f"txn_{refund}_back", 500, 40, "refund_failure", refund, PAID_AT)
    return {("fee_unbooked", str(back["id"]))}


def fee_of_a_returned_debit_that_is_not_booked(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.came_back(name, "acme", fee=400)
    return {("fee_unbooked", f"txn_back_{name}")}


def cost_that_names_a_charge_and_is_not_booked(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    txn = books.transaction(f"txn_{name}_cost", -35, 0, "network_cost", f"ch_{name}", PAID_AT)
    return {("fee_unbooked", str(txn["id"]))}


def payout_that_is_not_booked(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.paid_out(f"po_{name}", [f"txn_{name}"], at=NOW - timedelta(days=2), status="in_transit", told=False)
    return {("payout_mismatch", f"po_{name}")}


def payout_whose_parts_do_not_sum(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.paid_invoice(f"{name}y", "acme")
    books.paid_out(f"po_{name}", [f"txn_{name}"], at=NOW - timedelta(days=2), status="in_transit")
    books.put("payout_transaction", balance_transaction_id=f"txn_{name}y", payout=f"po_{name}")
    return {("payout_mismatch", f"po_{name}")}


def payout_that_came_back(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.paid_out(f"po_{name}", [f"txn_{name}"], at=NOW - timedelta(days=2))
    books.change("payout", f"po_{name}", status="failed", failure_code="account_closed")
    return {("payout_failed_after_paid", f"po_{name}")}


def bank_line_of_nothing(books: TwoBooks, name: str) -> Expected:
    return {("bank_line_unmatched", books.bank_line(f"bl_{name}", 12345, date(2026, 3, 6)))}


def payout_that_never_reached_the_bank(books: TwoBooks, name: str) -> Expected:
    books.paid_invoice(name, "acme")
    books.paid_out(f"po_{name}", [f"txn_{name}"], at=PAID_AT + timedelta(days=3))
    books.paid_invoice(f"{name}y", "acme")
    amount = books.paid_out(f"po_{name}y", [f"txn_{name}y"], at=PAID_AT + timedelta(days=5))
    books.bank_line(f"bl_{name}y", amount, date(2026, 3, 9), payout=f"po_{name}y")
    return {("bank_line_unmatched", f"po_{name}")}


def customer_deleted_in_the_dashboard(books: TwoBooks, name: str) -> Expected:
    books.customer(name)
    books.change("customer", f"cus_{name}", deleted=True)
    return {("customer_deleted", f"cus_{name}")}


def mirror_with_another_quantity(books: TwoBooks, name: str) -> Expected:
    books.mirrored(name, "acme")
    books.change("subscription", f"sub_{name}", items={"data": [{"price": {"id": "price_basic"}, "quantity": 7}]})
    return {("mirror_drift", f"sub_{name}")}


def mirror_cancelled_in_the_dashboard(books: TwoBooks, name: str) -> Expected:
    books.mirrored(name, "acme")
    books.change("subscription", f"sub_{name}", status="canceled", canceled_at=seconds(PAID_AT))
    return {("mirror_drift", f"sub_{name}")}


def mirror_that_is_not_held(books: TwoBooks, name: str) -> Expected:
    books.mirrored(name, "acme")
    books.change("subscription", f"sub_{name}", pause_collection=None)
    return {("unheld_mirror", f"sub_{name}")}


def charge_that_does_not_settle(books: TwoBooks, name: str) -> Expected:
    at = NOW - timedelta(days=4)
    books.paid_invoice(name, "acme", at=at)
    books.change("charge", f"ch_{name}", balance_transaction=None)
    books.take("balance_transaction", f"txn_{name}")
    return {("late_settlement", f"ch_{name}")}


def debit_that_processes_for_ever(books: TwoBooks, name: str) -> Expected:
    books.open_invoice(name, "acme", status="processing")
    return {("late_settlement", f"pi_{name}")}


def payment_of_nobody(books: TwoBooks, name: str) -> Expected:
    books.charge(name, "acme", 4900, PAID_AT, invoice="inv-of-another-system")
    return {("orphan_object", f"pi_{name}")}


def intent_that_carries_our_invoice(books: TwoBooks, name: str) -> Expected:
    insert_invoice(books.db, f"inv-{name}", "acme", issued_at=PAID_AT)
    books.put(
        "payment_intent", id=f"pi_{name}", amount=4900, amount_received=0, currency="usd", status="requires_action",
        customer="cus_acme", latest_charge=None, metadata={"invoice_id": f"inv-{name}"},
    )  # fmt: skip
    return {("orphan_object", f"pi_{name}")}


def subscription_that_we_never_made(books: TwoBooks, name: str) -> Expected:
    books.put(
        "subscription", id=f"sub_{name}", customer="cus_acme", status="active", currency="usd", metadata={},
        pause_collection=None, canceled_at=None, items={"data": []},
    )  # fmt: skip
    return {("orphan_object", f"sub_{name}")}


def invoice_that_stripe_billed_otherwise(books: TwoBooks, name: str) -> Expected:
    insert_invoice(books.db, f"inv-{name}", "acme", charger="stripe", stripe_invoice_id=f"in_{name}", issued_at=PAID_AT)
    books.put(
        "invoice", id=f"in_{name}", customer="cus_acme", status="paid", currency="usd", total=4900, amount_due=4900,
        amount_paid=4900, number="X-1", billing_reason="subscription_cycle",
    )  # fmt: skip
    return {("status", f"in_{name}")}


FAULTS: Final[Mapping[str, Fault]] = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__annotations__", {}).get("return") == Expected and name != "Expected"
}
