"""A database server that somebody else runs: whether it answers, without its password ever being repeated."""

from dataclasses import dataclass
from typing import Final

import psycopg
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

CONNECT_SECONDS_MAX: Final = 5  # a person waits for the answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. shown: its address without the password. major: 0 when it does not answer."""

    shown: str
    major: int = 0


def ask(url: str) -> Answer:
    """Whether that server answers now. Never raises: a wrong address is an answer too."""
    try:
        address = make_url(url)
    except ArgumentError:
        return Answer("BILLING_DATABASE_URL")
    shown = address.render_as_string(hide_password=True)
    try:
        with psycopg.connect(
            address.set(drivername="postgresql").render_as_string(hide_password=False),
            connect_timeout=CONNECT_SECONDS_MAX,
        ) as connection:
            return Answer(shown, connection.info.server_version // 10_000)
    except psycopg.Error:
        # What the driver says is dropped: it may repeat the whole address.
        return Answer(shown)
