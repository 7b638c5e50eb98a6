"""PostgreSQL's errors in our words: who must act."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from billing_pipeline.domain.errors import Broken, TryLater

PASSING: Final = (
    psycopg.OperationalError,  # gone, restarting, out of connections, a deadlock, a serialization failure
    psycopg.InterfaceError,  # the connection was closed under us
)


@contextmanager
def translated() -> Iterator[None]:
    """Nothing; errors of the database inside become TryLater (the same again may work) or Broken (it will not)."""
    try:
        yield
    except PoolTimeout as error:
        raise TryLater(f"no free database connection: {first_line(error)}") from error
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, PASSING) or isinstance(error, OperationalError):
            raise TryLater(f"the database did not take it: {first_line(cause)}") from error
        raise Broken(f"the database refused it: {first_line(cause)}") from error


def first_line(error: BaseException | None) -> str:
    """The first line of what it says, without parameters, which may hold customers' names."""
    return (str(error).splitlines() or ["no reason given"])[0]
