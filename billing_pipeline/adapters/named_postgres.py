"""A database server that somebody else runs: whether it answers, without its password ever being repeated."""

from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from billing_pipeline.domain.errors import Broken

SECRETS: Final = ("password", "sslpassword")  # libpq takes them as parameters, too
CONNECT_SECONDS_MAX: Final = 5  # a person waits for the answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. shown: its address without the password. major: 0 when it does not answer."""

    shown: str
    major: int = 0


def address_of(url: str) -> URL:
    """The parts of that address. Raises Broken, repeating nothing of it, when it is none."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise Broken(
            "BILLING_DATABASE_URL is no PostgreSQL address: write postgresql://user:password@host:5432/database, "
            "with %40 for an @ in the password"
        ) from None


def shown_address(address: URL) -> str:
    """The address as it may be printed: without its password, wherever that stands."""
    return address.difference_update_query(SECRETS).render_as_string(hide_password=True)


def conninfo(address: URL) -> str:
    """The same for the drivers below SQLAlchemy, whose rendering of a space they read as a plus."""
    query = {name: one if isinstance(one, str) else ",".join(one) for name, one in address.query.items()}
    return make_conninfo(**{**address.translate_connect_args(username="user", database="dbname"), **query})


def ask(url: str) -> Answer:
    """Whether that server answers now. Never raises: a wrong address is an answer too."""
    try:
        address = address_of(url)
    except Broken:
        return Answer("BILLING_DATABASE_URL")
    shown = shown_address(address)
    try:
        with psycopg.connect(conninfo(address), connect_timeout=CONNECT_SECONDS_MAX) as connection:
            return Answer(shown, connection.info.server_version // 10_000)
    except psycopg.Error:
        # What the driver says is dropped: it may repeat the whole address.
        return Answer(shown)
