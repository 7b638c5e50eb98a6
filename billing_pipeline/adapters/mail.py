"""Carrying messages: SMTP with TLS, or one .eml file per message where no server is set.

The moment that matters is the end of DATA: before it nothing was accepted and the message may be tried again; after it,
without an answer, nobody knows, and it is reported instead of being sent twice.
"""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import unquote, urlsplit

from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports.dunning import Delivery, Mailer, Message, Outcome

TIMEOUT_SECONDS: Final = 30  # per answer; a server that is slower is asked again later
SUBMISSION_PORT: Final = 587
SMTPS_PORT: Final = 465
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
LINE_START_DOT: Final = re.compile(rb"(?m)^\.")


def open_mailer(url: str, sender: str, outbox: Path, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Mailer:
    """The mailer that the settings describe: SMTP for a URL, files without one. Raises Broken on a bad URL."""
    if not url:
        return EmlFolder(outbox, sender)
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise Broken("BILLING_SMTP_URL must look like smtp://user:password@host:587 or smtps://host")
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or (SMTPS_PORT if parts.scheme == "smtps" else SUBMISSION_PORT),
        tls_from_start=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=sender,
        timeout_seconds=timeout_seconds,
    )


def as_email(message: Message, sender: str) -> EmailMessage:
    """The message with a text and an HTML part. Its Message-ID is made from its name: a copy is seen as a copy."""
    mail = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2].strip(" >") or "localhost"
    mail["Message-ID"] = f"<{hashlib.sha256(message.message_id.encode()).hexdigest()[:32]}@{domain}>"
    mail["From"], mail["To"], mail["Subject"] = sender, message.recipient, message.letter.subject
    mail["Date"] = format_datetime(message.queued_at)
    mail["Auto-Submitted"] = "auto-generated"  # keeps holiday replies away
    mail.set_content(message.letter.text)
    mail.add_alternative(message.letter.html, subtype="html")
    mail["Content-Language"] = message.language  # last: parts take the content headers that stand before them
    return mail


@dataclass(frozen=True, slots=True)
class EmlFolder:
    """Writes each message to a file that any mail program opens. Doing it twice leaves one file."""

    folder: Path
    sender: str
    repeatable: ClassVar[bool] = True

    def send(self, message: Message) -> Delivery:
        """Sent, once the file is whole and in place; deferred where it cannot be written."""
        name = re.sub(r"[^A-Za-z0-9._@-]+", "_", message.message_id)
        try:
            content = as_email(message, self.sender).as_bytes()
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self.folder / f".{name}"
            draft.write_bytes(content)
            draft.replace(self.folder / f"{name}.eml")
        except ValueError as error:
            return Delivery(Outcome.REJECTED, f"address or subject cannot be written: {error}")
        except OSError as error:
            return Delivery(Outcome.DEFERRED, f"cannot write in {self.folder}: {error.strerror}")
        return Delivery(Outcome.SENT, f"{self.folder / name}.eml")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Hands each message to a server, one connection each. Without TLS it speaks to this machine only."""

    host: str
    port: int
    tls_from_start: bool
    user: str
    password: str
    sender: str
    timeout_seconds: float = TIMEOUT_SECONDS
    repeatable: ClassVar[bool] = False

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port})"

    def send(self, message: Message) -> Delivery:
        """How it ended; never raises for what the server does."""
        try:
            content = as_email(message, self.sender).as_bytes()
        except ValueError as error:
            return Delivery(Outcome.REJECTED, f"address or subject cannot be written: {error}")
        try:
            with self._connected() as server:
                return _hand_over(server, self.sender, message.recipient, content)
        except (smtplib.SMTPException, OSError) as error:
            return Delivery(Outcome.DEFERRED, f"{type(error).__name__}: {error}")

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A connection that is encrypted and logged in. Its end is never waited for: the verdict is known by then."""
        server = self._connect()
        try:
            if self.user:
                server.login(self.user, self.password)
            yield server
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.close()

    def _connect(self) -> smtplib.SMTP:
        if self.tls_from_start:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_seconds, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        elif self.host not in LOOPBACK:
            server.close()
            raise smtplib.SMTPNotSupportedError(f"{self.host} offers no STARTTLS: use smtps://, or a server that does")
        return server


def _hand_over(server: smtplib.SMTP, sender: str, recipient: str, content: bytes) -> Delivery:
    """The dialogue of one message. Raises on anything before the end of DATA; after it every loss is uncertain."""
    server.ehlo_or_helo_if_needed()
    code, words = server.mail(sender)
    if code != 250:  # about us, not about this message: somebody can mend it
        return Delivery(Outcome.DEFERRED, f"{code} {_text(words)}")
    code, words = server.rcpt(recipient)
    if code not in (250, 251):
        return _verdict(code, words)
    code, words = server.docmd("DATA")
    if code != 354:
        return _verdict(code, words)
    try:
        server.send(LINE_START_DOT.sub(b"..", content).rstrip(b"\r\n") + b"\r\n.\r\n")
        code, words = server.getreply()
    except (smtplib.SMTPException, OSError) as error:
        return Delivery(Outcome.UNCERTAIN, f"no answer after DATA: {type(error).__name__}: {error}")
    return Delivery(Outcome.SENT, _text(words)) if code == 250 else _verdict(code, words)


def _verdict(code: int, words: bytes | str) -> Delivery:
    """5xx is for ever, everything else may pass later."""
    outcome = Outcome.REJECTED if 500 <= code <= 599 else Outcome.DEFERRED
    return Delivery(outcome, f"{code} {_text(words)}")


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words
