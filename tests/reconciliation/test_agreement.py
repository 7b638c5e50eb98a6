"""Two books that agree."""

from pathlib import Path

from billing_pipeline.adapters.postgres import Database
from tests.two_books import agreed


def test_books_that_agree_have_no_divergence(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)

    done = books.reconcile()

    assert books.findings() == []
    assert (done.findings, done.unexplained) == (0, 0)
