"""The composition root: settings become a world of adapters. Nothing else wires."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from billing_pipeline.adapters import embedded_postgres, local_simulator
from billing_pipeline.adapters.clock import SimulatorClock, SystemClock
from billing_pipeline.adapters.home import prepare
from billing_pipeline.adapters.identity import StripeIdentity, check_identity
from billing_pipeline.adapters.postgres import Database, migrate
from billing_pipeline.adapters.rate_limit import Limiter, NoLimit, SharedLimit
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.domain.errors import BillingError, Broken
from billing_pipeline.flows.ports import Clock
from billing_pipeline.settings import Settings, address_unused, revealed
from billing_pipeline.stripe_keys import Mode

SIMULATOR_KEY: Final = "sk_test_simulator"
KNOWN_ACCOUNTS: Final[dict[str, str]] = {}
"""The account behind each key and address that this process has asked, by their digest."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything a flow may need. simulator: its address, or None where the real Stripe answers."""

    settings: Settings
    home: Path
    db: Database
    clock: Clock
    gateway: StripeGateway
    reader: StripeGateway
    identity: StripeIdentity
    simulator: str | None


@contextmanager
def open_world(settings: Settings | None = None, *, adopt: bool = False) -> Iterator[World]:
    """The world that the settings describe: database started and migrated, Stripe or the simulator at hand.

    adopt: leave the identity unchecked, for the command that mends it. Raises Broken with the remedy.
    """
    settings = settings or Settings.load()
    if complaint := address_unused(settings):
        raise Broken(complaint)
    home = prepare(settings.home)
    with ExitStack() as opened:
        simulator = None if settings.secret_key else local_simulator.start(home)
        clock = opened.enter_context(closing(SimulatorClock(simulator))) if simulator else SystemClock()
        db = opened.enter_context(closing(Database(database_url(settings, home))))
        gateway, reader = gateways(settings, db, simulator)
        opened.callback(gateway.close)
        opened.callback(reader.close)
        identity = StripeIdentity(shared_account(gateway, reader, settings, simulator), settings.mode is Mode.LIVE)
        if not adopt:
            check_identity(db, identity, clock.now())
        yield World(settings, home, db, clock, gateway, reader, identity, simulator)


def database_url(settings: Settings, home: Path) -> str:
    """The address of the ledger's database, started where it is embedded, and migrated to the newest schema."""
    url = revealed(settings.database_url) or embedded_postgres.start(home, pg_bin=settings.pg_bin).url
    migrate(url)
    return url


def gateways(settings: Settings, db: Database, simulator: str | None) -> tuple[StripeGateway, StripeGateway]:
    """The gateway that writes and the one that reads; they are the same where there is one key."""
    limiter: Limiter = NoLimit()  # the simulator of this machine has none, unless one was asked for
    if simulator is None or settings.rate_global_per_second is not None:
        limiter = SharedLimit(
            db, global_per_second=settings.rate_per_second, operation_per_second=settings.rate_operation_per_second
        )

    def gateway(key: str) -> StripeGateway:
        address = simulator or settings.stripe_api_base
        return StripeGateway(key, address=address, limiter=limiter, guard=lambda: db.in_transaction)

    writer = gateway(settings.secret_key or SIMULATOR_KEY)
    reader_key = revealed(settings.stripe_reader_key)
    return writer, gateway(reader_key) if reader_key else writer


def shared_account(gateway: StripeGateway, reader: StripeGateway, settings: Settings, simulator: str | None) -> str:
    """The Stripe account that both keys belong to. Raises Broken when the one that reads belongs to another.

    A sweep of another account finds nothing of ours, and would certify that.
    """
    ours = account_behind(gateway, settings.secret_key, settings.stripe_api_base, simulator)
    if reader is gateway:
        return ours
    try:
        theirs = account_behind(reader, revealed(settings.stripe_reader_key), settings.stripe_api_base, simulator)
    except Broken as error:
        raise Broken(f"STRIPE_READER_KEY: {error}, and that it may read the account") from error
    if theirs != ours:
        raise Broken(
            f"STRIPE_READER_KEY reads account {theirs}, STRIPE_SECRET_KEY writes to {ours}: use two keys of one account"
        )
    return ours


def account_behind(gateway: StripeGateway, key: str, api_base: str | None, simulator: str | None) -> str:
    """The Stripe account behind the key. Asked once per process: it cannot change, and Dagster opens a world every few seconds.

    The simulator is always asked, as its state may be made anew. Raises Broken when it cannot be asked.
    """
    place = sha256(f"{key} {api_base}".encode()).hexdigest()
    if simulator or place not in KNOWN_ACCOUNTS:
        KNOWN_ACCOUNTS[place] = asked_account(gateway)
    return KNOWN_ACCOUNTS[place]


def asked_account(gateway: StripeGateway) -> str:
    """The id of the account that answers. Raises Broken when it cannot be asked."""
    try:
        account = gateway.read("/v1/account")
    except BillingError as error:
        raise Broken(f"Stripe does not say whose key this is ({error}): check the key and the network") from error
    if account is None:
        raise Broken("Stripe knows no account for this key: check STRIPE_SECRET_KEY")
    return str(account["id"])
