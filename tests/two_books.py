"""A ledger and a Stripe that agree, with every thing there is to compare; tests then spoil one side."""
# long because both sides of every kind of money stand here, side by side

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from billing_pipeline.adapters.comparison import DuckComparison
from billing_pipeline.adapters.ledger_extract import LedgerExtract
from billing_pipeline.adapters.parquet_lake import ParquetLake
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.journal import write_entries
from billing_pipeline.adapters.stores.reconciliation_store import ReconciliationStore
from billing_pipeline.adapters.stripe_landing import StripeSide
from billing_pipeline.adapters.tables import billing, control, stripe
from billing_pipeline.adapters.workbench import Workbench
from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.billing_entries import When
from billing_pipeline.domain.cash_entries import Owner, Split
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.domain.ledger import Entry, LedgerAccount
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.reconciliation import Finding, ReconciliationPolicy
from billing_pipeline.domain.stripe_money import parse_transaction
from billing_pipeline.flows.extract_ledger import extract_ledger
from billing_pipeline.flows.ports import Json
from billing_pipeline.flows.ports.reconciliation import BridgeLine, Proof, Run
from billing_pipeline.flows.reconcile_books import Reconciled, reconcile_books
from tests.fakes import FakeClock
from tests.seeds import (
    add,
    change,
    insert_account,
    insert_collection,
    insert_invoice,
    insert_price,
    insert_subscription,
)

NOW: Final = datetime(2026, 3, 20, 12, tzinfo=UTC)
PAID_AT: Final = datetime(2026, 3, 2, 10, tzinfo=UTC)
FEE: Final = 172


def seconds(moment: datetime) -> int:
    """Unix seconds, as Stripe tells moments."""
    return int(moment.timestamp())


@dataclass
class TwoBooks:
    """Both sides, and the pipeline between them. objects: raw Stripe objects by type and id."""

    db: Database
    home: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    policy: ReconciliationPolicy = field(default_factory=ReconciliationPolicy)
    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    runs: int = 0
    zone: str = "UTC"

    @property
    def lake(self) -> ParquetLake:
        return ParquetLake.at(self.home)

    @property
    def workbench(self) -> Workbench:
        return Workbench(self.lake)

    @property
    def store(self) -> ReconciliationStore:
        return ReconciliationStore(self.db, self.policy)

    @property
    def side(self) -> StripeSide:
        return StripeSide(self.lake)

    def put(self, object_type: str, **fields: Any) -> dict[str, Any]:
        """A raw object on Stripe's side."""
        raw = {"object": object_type, "created": seconds(PAID_AT)} | fields
        key = raw["balance_transaction_id"] if object_type == "payout_transaction" else raw["id"]
        return self.objects.setdefault(object_type, {}).setdefault(key, raw)

    def take(self, object_type: str, object_id: str) -> dict[str, Any]:
        """An object on Stripe's side, removed from there."""
        return self.objects[object_type].pop(object_id)

    def change(self, object_type: str, object_id: str, **fields: Any) -> None:
        """Change an object on Stripe's side."""
        self.objects[object_type][object_id] |= fields

    def book(self, *entries: Entry | None) -> None:
        """Write entries into the journal."""
        write_entries(self.db, [one for one in entries if one], run_id="test", recorded_at=self.clock.now())

    def land(self, *, full: bool = False) -> None:
        """Extract both sides."""
        self.runs += 1
        with self.side.stripe_landing(
            f"s{self.runs}", self.clock.now(), self.clock.now(), full=full or self.runs == 1
        ) as landing:
            for object_type, objects in self.objects.items():
                landing.sink(object_type, list(objects.values()))
        extract_ledger(LedgerExtract(self.db, self.lake), self.clock, run_id=f"l{self.runs}", full=full)

    def reconcile(self, *, whole: bool = False) -> Reconciled:
        """Extract both sides and compare them."""
        self.land()
        return reconcile_books(
            DuckComparison(self.workbench), self.store, self.side, self.clock, self.policy,
            run_id=f"r{self.runs}", zone=self.zone, whole=whole,
        )  # fmt: skip

    def found(self) -> list[tuple[str, str]]:
        """What a run finds: (kind, subject), sorted."""
        self.reconcile()
        return sorted((d.kind.value, d.finding.subject) for d in self.store.divergences())

    def findings(self) -> Sequence[Finding]:
        """The findings of the last run."""
        return [d.finding for d in self.store.divergences()]

    def proof_kept(self) -> Proof:
        """The proof of close as the last run left it in the warehouse."""
        with self.workbench.open() as bench:
            return Proof(tuple(BridgeLine(**row) for row in bench.rows("warehouse/proof_of_close")))

    def proof(self) -> Proof:
        """The proof of close as of now."""
        self.land()
        run = Run("proof", self.policy.cut_off(self.clock.now()), self.clock.now())
        return DuckComparison(self.workbench).examine(run, self.policy, zone=self.zone).proof

    def customer(self, account: str, **values: Any) -> str:
        """An account and its customer."""
        insert_account(self.db, account, **values)
        self.put("customer", id=f"cus_{account}", metadata={"account_id": account}, created=seconds(PAID_AT))
        return account

    def open_invoice(
        self, name: str, account: str, *, status: str = "requires_payment_method", minor: int = 4900
    ) -> str:
        """An invoice that is not paid yet, with an intent that both sides know."""
        insert_invoice(self.db, f"inv-{name}", account, issued_at=PAID_AT, total_minor=minor)
        insert_collection(
            self.db,
            f"inv-{name}",
            f"pi_{name}",
            status=status,
            amount_minor=minor,
            opened_at=PAID_AT,
            last_failed_at=PAID_AT,
        )
        self.put(
            "payment_intent", id=f"pi_{name}", amount=minor, amount_received=0, currency="usd", status=status,
            customer=f"cus_{account}", latest_charge=None, metadata={"invoice_id": f"inv-{name}", "account_id": account},
        )  # fmt: skip
        return f"inv-{name}"

    def paid_invoice(
        self, name: str, account: str, *, minor: int = 4900, at: datetime = PAID_AT, currency: str = "usd"
    ) -> str:
        """An invoice paid by card: state, payment, fee, available, all booked, all known to both sides."""
        invoice, charge, txn = f"inv-{name}", f"ch_{name}", f"txn_{name}"
        insert_invoice(
            self.db,
            invoice,
            account,
            state="paid",
            paid_at=at,
            paid_minor=minor,
            issued_at=at,
            total_minor=minor,
            currency=currency,
        )
        insert_collection(
            self.db, invoice, f"pi_{name}", status="succeeded", amount_minor=minor, currency=currency, failures=0,
            opened_at=at, last_failed_at=None, closed_at=at, close_reason="paid",
        )  # fmt: skip
        add(
            self.db, stripe.payments, payment_id=f"pi_{name}", account_id=account, invoice_id=invoice, method="card",
            payment_intent_id=f"pi_{name}", charge_id=charge, balance_transaction_id=txn, currency=currency,
            amount_minor=minor, applied_minor=minor, fee_minor=FEE, succeeded_at=at,
        )  # fmt: skip
        self.charge(name, account, minor, at, currency)
        self.book(*self.entries(name, account))
        return invoice

    def charge(
        self, name: str, account: str, minor: int, at: datetime, currency: str = "usd", invoice: str = ""
    ) -> None:
        """A successful payment on Stripe's side, with its balance transaction."""
        self.put(
            "payment_intent", id=f"pi_{name}", amount=minor, amount_received=minor, currency=currency, status="succeeded",
            customer=f"cus_{account}", latest_charge=f"ch_{name}", created=seconds(at),
            metadata={"invoice_id": invoice or f"inv-{name}", "account_id": account},
        )  # fmt: skip
        self.put(
            "charge", id=f"ch_{name}", payment_intent=f"pi_{name}", customer=f"cus_{account}", amount=minor,
            amount_captured=minor, amount_refunded=0, captured=True, paid=True, status="succeeded", currency=currency,
            balance_transaction=f"txn_{name}", disputed=False, created=seconds(at),
        )  # fmt: skip
        self.transaction(f"txn_{name}", minor, FEE, "charge", f"ch_{name}", at, currency)

    def transaction(
        self, txn: str, amount: int, fee: int, category: str, source: str | None, at: datetime, currency: str = "usd"
    ) -> Json:
        """A movement of the Stripe balance, available two days later."""
        return self.put(
            "balance_transaction", id=txn, amount=amount, fee=fee, net=amount - fee, type=category, currency=currency,
            reporting_category=category, source=source, status="available", created=seconds(at),
            available_on=seconds(at + timedelta(days=2)), exchange_rate=None,
        )  # fmt: skip

    def entries(self, name: str, account: str) -> list[Entry | None]:
        """What the books should hold of a payment."""
        charge = self.objects["charge"][f"ch_{name}"]
        txn = parse_transaction(self.objects["balance_transaction"][f"txn_{name}"])
        at = datetime.fromtimestamp(charge["created"], UTC)
        owner = Owner(AccountId(account), InvoiceId(f"inv-{name}"))
        paid = cash_entries.payment(
            f"payment:ch_{name}", LedgerAccount.STRIPE_PENDING, Split(receivable=charge["amount"]),
            Currency(charge["currency"]), When(at, at.date()), owner,
        )  # fmt: skip
        later = txn.available_on.date()
        return [paid, cash_entries.fee(txn, at.date(), owner), cash_entries.available(txn, later)]

    def refunded(
        self, name: str, account: str, minor: int, *, at: datetime = PAID_AT + timedelta(days=1), told: bool = True
    ) -> str:
        """A refund of a payment; told: our books know it."""
        refund = f"re_{name}"
        self.put(
            "refund", id=refund, charge=f"ch_{name}", payment_intent=f"pi_{name}", amount=minor, currency="usd",
            status="succeeded", balance_transaction=f"txn_{refund}", created=seconds(at),
        )  # fmt: skip
        self.transaction(f"txn_{refund}", -minor, 0, "refund", refund, at)
        if told:
            add(
                self.db, stripe.refunds, refund_id=refund, payment_id=f"pi_{name}", charge_id=f"ch_{name}", currency="usd",
                amount_minor=minor, status="succeeded", created_at=at,
            )  # fmt: skip
            owner = Owner(AccountId(account), InvoiceId(f"inv-{name}"))
            self.book(
                cash_entries.refund(refund, Money(minor, Currency("usd")), 0, Split(), When(at, at.date()), owner)
            )
        return refund

    def disputed(
        self, name: str, account: str, minor: int, *, at: datetime = PAID_AT + timedelta(days=2), told: bool = True
    ) -> str:
        """A dispute that took money; told: our books know it."""
        dispute, txn = f"du_{name}", f"txn_du_{name}"
        moved = self.transaction(txn, -minor, 1500, "dispute", dispute, at)
        self.put(
            "dispute", id=dispute, charge=f"ch_{name}", payment_intent=f"pi_{name}", amount=minor, currency="usd",
            status="needs_response", balance_transactions=[moved], reason="fraudulent", created=seconds(at),
        )  # fmt: skip
        if told:
            add(
                self.db, stripe.disputes, dispute_id=dispute, payment_id=f"pi_{name}", charge_id=f"ch_{name}", currency="usd",
                amount_minor=minor, status="needs_response", fee_minor=1500, created_at=at,
            )  # fmt: skip
            owner = Owner(AccountId(account), InvoiceId(f"inv-{name}"))
            self.book(cash_entries.dispute_moved(parse_transaction(moved), at.date(), owner))
        return dispute

    def came_back(self, name: str, account: str, *, at: datetime = PAID_AT + timedelta(days=6), fee: int = 0) -> None:
        """A payment that the bank took back after it had come, known to both sides; the fee is Stripe's, not booked."""
        self.change("charge", f"ch_{name}", status="failed", failure_balance_transaction=f"txn_back_{name}")
        minor = self.objects["charge"][f"ch_{name}"]["amount"]
        self.transaction(f"txn_back_{name}", -minor, fee, "charge_failure", f"ch_{name}", at)
        change(self.db, stripe.payments, f"pi_{name}", reversed_at=at, method="bank_debit")
        change(self.db, billing.invoices, f"inv-{name}", state="overdue", paid_at=None, paid_minor=0)
        source, owner = f"bank_return:ch_{name}", Owner(AccountId(account), InvoiceId(f"inv-{name}"))
        split, when = Split(receivable=minor), When(at, at.date())
        self.book(
            cash_entries.payment_returned(source, LedgerAccount.STRIPE_PENDING, split, Currency("usd"), when, owner)
        )

    def paid_out(
        self,
        payout: str,
        txns: Sequence[str],
        *,
        at: datetime = PAID_AT + timedelta(days=3),
        status: str = "paid",
        told: bool = True,
    ) -> int:
        """A payout of those balance transactions; told: our books know it. Its amount."""
        amount = sum(self.objects["balance_transaction"][txn]["net"] for txn in txns)
        arrival = at + timedelta(days=2)
        self.put(
            "payout", id=payout, amount=amount, currency="usd", status=status, automatic=True, method="standard",
            reconciliation_status="completed", arrival_date=seconds(arrival), created=seconds(at),
        )  # fmt: skip
        for txn in txns:
            self.put("payout_transaction", balance_transaction_id=txn, payout=payout)
        self.transaction(f"txn_{payout}", -amount, 0, "payout", payout, at)
        if told:
            add(
                self.db, stripe.payouts, payout_id=payout, currency="usd", amount_minor=amount, status=status,
                arrival_on=arrival.date(), created_at=at, reconciliation_status="completed",
            )  # fmt: skip
            self.book(cash_entries.payout(payout, amount, Currency("usd"), at, at.date()))
        return amount

    def bank_line(self, name: str, minor: int, on: date, *, payout: str = "", currency: str = "usd") -> str:
        """A line of the bank statement, matched and booked when payout names one."""
        add(
            self.db, control.bank_lines, bank_line_id=name, file="march.csv", bank_account="main", booked_on=on,
            currency=currency, amount_minor=minor, reference="STRIPE", loaded_at=self.clock.now(),
        )  # fmt: skip
        if payout:
            add(
                self.db, control.bank_matches, bank_line_id=name, payout_id=payout, amount_minor=minor,
                rule="one_to_one", matched_at=self.clock.now(),
            )  # fmt: skip
            at = datetime(on.year, on.month, on.day, tzinfo=UTC)
            self.book(cash_entries.bank_line(name, minor, Currency(currency), at, on))
        return name

    def mirrored(self, name: str, account: str, **values: Any) -> str:
        """A subscription with a held mirror."""
        if not self.objects.get("subscription"):
            insert_price(self.db, stripe_price_id="price_basic")
        insert_subscription(
            self.db,
            name,
            account,
            stripe_subscription_id=f"sub_{name}",
            mirror_state="held",
            started_at=PAID_AT,
            **values,
        )
        self.put(
            "subscription", id=f"sub_{name}", customer=f"cus_{account}", status="active", currency="usd",
            metadata={"subscription_id": name}, pause_collection={"behavior": "void", "resumes_at": None}, canceled_at=None,
            items={"data": [{"price": {"id": "price_basic"}, "quantity": 1}]},
        )  # fmt: skip
        return name


def agreed(db: Database, home: Path) -> TwoBooks:
    """Two books in full agreement, with one of everything."""
    books = TwoBooks(db, home)
    books.customer("acme")
    books.customer("zeta")
    books.open_invoice("open", "acme")
    books.paid_invoice("a", "acme")
    books.paid_invoice("b", "zeta", minor=9900)
    books.paid_invoice("c", "zeta", minor=1200, at=PAID_AT + timedelta(days=1))
    books.refunded("b", "zeta", 900)
    books.disputed("c", "zeta", 1200)
    books.mirrored("s1", "acme")
    amount = books.paid_out("po_1", ["txn_a", "txn_b"])
    books.bank_line("bl_1", amount, date(2026, 3, 7), payout="po_1")
    return books
