"""Delivery reports (RFC 3464) in: from .eml files, a Maildir or an mbox. What is no report is told, not dropped."""

import mailbox
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Final, Literal

from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.note_bounces import Read, Report, Result

MAIL_BYTES_MAX: Final = 20_000_000  # a report returns our mail, which has some kilobytes
WORDS_MAX: Final = 500
OURS: Final = re.compile(r"<([0-9a-f]{32})@")  # as adapters/mail.py names a mail
STATUS: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
MALFORMED: Final = (MessageError, LookupError, TypeError, ValueError, AttributeError)
"""What Python's email package raises for mails that break the rules."""

FROM: Final = b"From "  # begins an mbox
Content = Callable[[], bytes]

GRAVEST_FIRST: Final = ("failed", "delayed", "delivered", "relayed", "expanded")


def read_bounces(place: Path) -> list[Report | Read]:
    """The mails at place, in the order of their names. Raises Broken when place itself cannot be read."""
    try:
        return [_opened(name, content) for name, content in mails(place)]
    except OSError as error:
        raise Broken(f"cannot read {error.filename or place}: {error.strerror}") from error


def mails(place: Path) -> Iterator[tuple[str, Content]]:
    """Name and content of every mail: of a Maildir, a folder of .eml files, an mbox, or of one .eml file."""
    if not place.is_dir():
        yield from _boxed(place)
        return
    maildir = [place / name for name in ("new", "cur") if (place / name).is_dir()]
    for file in sorted(file for folder in maildir for file in folder.iterdir()) or sorted(place.glob("*.eml")):
        yield str(file.relative_to(place)), file.read_bytes


def _boxed(file: Path) -> Iterator[tuple[str, Content]]:
    with file.open("rb") as opened:
        boxed = opened.read(len(FROM)) == FROM
    if not boxed:
        yield file.name, file.read_bytes
        return
    box = mailbox.mbox(file, create=False)
    try:
        for number, key in enumerate(box.keys(), 1):
            yield f"{file.name}:{number}", partial(box.get_bytes, key)
    finally:
        box.close()


def _opened(name: str, content: Content) -> Report | Read:
    try:
        return read_mail(name, content())
    except OSError as error:
        return Read(name, Result.UNREADABLE, words=str(error.strerror))


def read_mail(name: str, raw: bytes) -> Report | Read:
    """What the mail reports, or why it reports nothing."""
    if len(raw) > MAIL_BYTES_MAX:
        return Read(name, Result.UNREADABLE, words=f"{len(raw)} bytes, more than {MAIL_BYTES_MAX}")
    try:
        mail = message_from_bytes(raw, policy=default)
        told = next((part for part in mail.walk() if part.get_content_type() == "message/delivery-status"), None)
        if told is None:
            return Read(name, Result.NO_REPORT, words=f"{mail.get_content_type()}, no delivery report")
        return _report(name, mail, told)
    except MALFORMED as error:
        return Read(name, Result.UNREADABLE, words=f"{type(error).__name__}: {error}")


def _report(name: str, mail: EmailMessage, told: Message) -> Report | Read:
    """The report, by its gravest recipient; our mails have one. Raises one of MALFORMED."""
    blocks = told.get_payload()
    recipients = [block for block in blocks if isinstance(block, Message) and block["Action"]]
    if not recipients:
        return Read(name, Result.UNREADABLE, words="a delivery report that names no recipient and no action")
    gravest = min(recipients, key=lambda block: GRAVEST_FIRST.index(_action(block)))
    words = " ".join(str(gravest["Diagnostic-Code"] or gravest["Status"] or "").split())[:WORDS_MAX]
    status = STATUS.search(str(gravest["Status"] or "")) or STATUS.search(words)
    if status is None:
        return Read(name, Result.UNREADABLE, words="a delivery report without a status such as 5.1.1")
    kind = _kind(_action(gravest), status.group())
    return Report(name, _fingerprint(mail), kind, status.group(), words, _made_at(mail))


def _action(block: Message) -> str:
    """The action of a recipient. Raises ValueError where RFC 3464 knows none of that name."""
    action = str(block["Action"]).strip().lower()
    if action not in GRAVEST_FIRST:
        raise ValueError(f"unknown action {action!r}")
    return action


def _kind(action: str, status: str) -> Literal["hard", "soft", "delayed", "delivered"]:
    if action == "failed":
        return "soft" if status.startswith("4") else "hard"
    return "delayed" if action == "delayed" else "delivered"


def _fingerprint(mail: EmailMessage) -> str:
    """The first part of our Message-ID, from the mail that came back or from what the report answers; or empty."""
    named = [str(original["Message-ID"] or "") for original in _returned(mail)]
    named += [str(mail[header] or "") for header in ("In-Reply-To", "References")]
    found = OURS.search(" ".join(named))
    return found.group(1) if found else ""


def _returned(mail: EmailMessage) -> Iterator[Message]:
    """The mail that came back, whole or its headers."""
    for part in mail.walk():
        if part.get_content_type() in ("message/rfc822", "message/global"):
            yield from (inner for inner in part.get_payload() if isinstance(inner, Message))
        if part.get_content_type() in ("text/rfc822-headers", "message/global-headers"):
            yield message_from_string(part.get_content(), policy=default)


def _made_at(mail: EmailMessage) -> datetime | None:
    """When the report was written; None where it does not say so in a way that can be read."""
    try:
        made = parsedate_to_datetime(str(mail["Date"]))
    except MALFORMED:
        return None
    return made if made.tzinfo else made.replace(tzinfo=UTC)
