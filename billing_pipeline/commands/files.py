"""Files that a person asked for, at a place that the person named."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing_pipeline.domain.errors import Broken


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Nothing; inside of it a place that cannot be written raises Broken with the remedy."""
    try:
        yield
    except OSError as error:
        named = error.filename or place
        raise Broken(
            f"cannot write {named} ({error.strerror}): name a place in a folder that you may write in"
        ) from error
