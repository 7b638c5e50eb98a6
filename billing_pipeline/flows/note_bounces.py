"""Note on our messages what delivery reports say of them. Reading the same reports again changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, Protocol

from billing_pipeline.flows.ports import Transactional

CLOCKS_APART: Final = timedelta(minutes=10)  # how far the clocks of two mail servers may differ
SENT: Final = frozenset({"sent", "uncertain"})
BOUNCED: Final = "bounced"


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail server says became of a mail.

    file: where the report stands. fingerprint: of the mail's Message-ID; empty where it is none of ours. kind: hard (never),
    soft (given up, another day may do), delayed (still tried) or delivered. status: such as 5.1.1. made_at: None where it
    does not say.
    """

    file: str
    fingerprint: str
    kind: Literal["hard", "soft", "delayed", "delivered"]
    status: str
    words: str
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of the outbox. sent_at: when it was last sent."""

    message_id: str
    state: str
    sent_at: datetime | None


class Result(StrEnum):
    """What became of a mail that was read."""

    NOTED = "noted"
    KNOWN = "known"  # noted before, or about an earlier copy of a message that was sent again
    NOT_BOUNCED = "not_bounced"  # it says that the mail arrived, or is still being tried
    NOT_OURS = "not_ours"
    NO_REPORT = "no_report"  # a mail of another sort, such as a holiday reply
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Read:
    """A mail that was read, and what became of it. words: of the mail server, or why it could not be used."""

    file: str
    result: Result
    message_id: str = ""
    kind: str = ""
    status: str = ""
    words: str = ""


class Outbox(Transactional, Protocol):
    """Where messages and what became of them are kept."""

    def posted(self, fingerprints: Sequence[str]) -> Mapping[str, Posted]:
        """Messages by the fingerprint of their Message-ID."""

    def note_bounce(self, message_id: str, words: str) -> None:
        """The message came back. Raises Broken when it was never sent."""


def note_bounces(outbox: Outbox, found: Sequence[Report | Read]) -> list[Read]:
    """What became of each mail. found: reports, and mails that are none."""
    reports = [one for one in found if isinstance(one, Report)]
    with outbox.transaction():
        ours = dict(outbox.posted([one.fingerprint for one in reports if one.fingerprint]))
        return [one if isinstance(one, Read) else _noted(outbox, ours, one) for one in found]


def _noted(outbox: Outbox, ours: dict[str, Posted], report: Report) -> Read:
    """What became of one report; a bounce stands at its message afterwards."""
    posted = ours.get(report.fingerprint)
    result = _result(report, posted)
    if posted and result is Result.NOTED:
        outbox.note_bounce(posted.message_id, f"{report.kind} {report.status}: {report.words}")
        ours[report.fingerprint] = Posted(posted.message_id, BOUNCED, posted.sent_at)
    name = posted.message_id if posted else ""
    return Read(report.file, result, name, report.kind, report.status, report.words)


def _result(report: Report, posted: Posted | None) -> Result:
    if posted is None:
        return Result.NOT_OURS
    if report.kind in ("delayed", "delivered"):
        return Result.NOT_BOUNCED
    earlier = report.made_at and posted.sent_at and report.made_at < posted.sent_at - CLOCKS_APART
    return Result.NOTED if posted.state in SENT and not earlier else Result.KNOWN
