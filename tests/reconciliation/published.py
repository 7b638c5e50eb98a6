"""A published warehouse for a whole module of tests, over books that agree but for what the module adds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.warehouse import FileWarehouse
from tests.clusters import Cluster
from tests.two_books import TwoBooks, agreed


@contextmanager
def published(
    cluster: Cluster, template: str, home: Path, fill: Callable[[TwoBooks], object], zone: str = "UTC"
) -> Iterator[Path]:
    """The warehouse's path; its database is dropped afterwards. zone: of the closes."""
    name = cluster.create(template)
    db = Database(cluster.url(name))
    books = agreed(db, home)
    books.zone = zone
    fill(books)
    books.reconcile()
    warehouse = FileWarehouse(books.workbench, db, home, zone=zone)
    warehouse.publish("p", books.clock.now(), copies=1)
    yield warehouse.path
    db.close()
    cluster.drop(name)
