"""Fixtures for everybody: a real PostgreSQL, a clock that obeys, a Stripe that lives in this process."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, create_engine

from billing_pipeline.adapters.postgres import Database, migrate
from tests import clusters
from tests.clusters import Cluster
from tests.fakes import START, FakeClock

if TYPE_CHECKING:
    from stripe_simulator import Simulator


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One server for the whole session, forgetful and in memory."""
    with clusters.cluster() as running:
        yield running


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a database with the whole schema and no rows, ready to be cloned."""
    name = cluster.create()
    migrate(cluster.url(name))
    cluster.freeze(name)
    return name


@pytest.fixture
def database_url(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a database of this test's own: migrated, empty, dropped afterwards. About 20 ms."""
    name = cluster.create(template)
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on this test's own database, disposed afterwards."""
    made = create_engine(database_url, connect_args={"options": "-c timezone=UTC"})
    yield made
    made.dispose()


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """This test's own database as the project's adapters see it."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock at 2026-01-01 00:00 UTC that moves only when told."""
    return FakeClock()


@pytest.fixture
def simulator() -> "Simulator":
    """A Stripe in this process, seed 7, at 2026-01-01 00:00 UTC."""
    from stripe_simulator import Simulator

    return Simulator(seed=7, now=START)
