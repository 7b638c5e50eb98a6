"""Real SMTP on this machine: each message is handed over once, or it is said that nobody knows."""

import asyncio
import email
import email.policy
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from billing_pipeline.adapters.mail import TIMEOUT_SECONDS, EmlFolder, SmtpServer, open_mailer
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.flows.ports.dunning import Letter, Message, Outcome
from billing_pipeline.flows.send_messages import BATCH_MAX, LEASE
from tests.adapters.certificates import self_signed

MESSAGE = Message(
    message_id="inv-1:reminder",
    account=AccountId("acme"),
    invoices=(InvoiceId("inv-1"),),
    template="payment_failed",
    language="de",
    recipient="acme@example.com",
    letter=Letter("Ihre Zahlung über 1.234,50 €", "Guten Tag,\n.ein Punkt am Anfang\n", "<p>Guten Tag</p>"),
    queued_at=datetime(2026, 3, 3, 9, tzinfo=UTC),
)
PATIENCE_SECONDS = 0.5


class Server:
    """Takes mail, or misbehaves at one command: with a reply, by hanging up, or by falling asleep."""

    def __init__(self, at: str = "", reply: str = "", *, drop: bool = False, sleep: bool = False) -> None:
        self.at, self.reply, self.drop, self.sleep = at, reply, drop, sleep
        self.received: list[bytes] = []

    async def handle_MAIL(  # noqa: N802 -- the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._answer("MAIL", server) or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer("RCPT", server)
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await self._answer("DATA", server)
        if not answer.startswith(("4", "5")):
            self.received.append(envelope.original_content or b"")
        return answer or "250 OK queued"

    async def _answer(self, command: str, server: SMTP) -> str:
        if self.at != command:
            return ""
        if self.sleep:
            await asyncio.sleep(PATIENCE_SECONDS * 4)
        if self.drop and server.transport:
            server.transport.abort()
        return self.reply


@contextmanager
def serving(server: Server, host: str = "127.0.0.1", **options: object) -> Iterator[SmtpServer]:
    with socket.create_server((host, 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(server, hostname=host, port=port, **options)  # type: ignore[arg-type]
    controller.start()
    try:
        yield SmtpServer(host, port, False, "", "", "billing@example.com", PATIENCE_SECONDS)
    finally:
        controller.stop()


def test_a_message_arrives_whole_with_both_parts_and_its_dots():
    server = Server()

    with serving(server) as mailer:
        delivery = mailer.send(MESSAGE)

    mail = email.message_from_bytes(server.received[0], policy=email.policy.default)
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert (delivery.outcome, len(server.received)) == (Outcome.SENT, 1)
    assert (mail["Subject"], mail["To"], mail["Content-Language"]) == (MESSAGE.letter.subject, "acme@example.com", "de")
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == MESSAGE.letter.text
    assert "<p>Guten Tag</p>" in html.get_content()


@pytest.mark.parametrize(
    ("server", "outcome"),
    [
        (Server("RCPT", "450 mailbox busy"), Outcome.DEFERRED),
        (Server("DATA", "451 try later"), Outcome.DEFERRED),
        (Server("RCPT", "550 no such user"), Outcome.REJECTED),
        (Server("DATA", "554 looks like spam"), Outcome.REJECTED),
        (Server("MAIL", "553 not from you"), Outcome.DEFERRED),
        (Server("MAIL", drop=True), Outcome.DEFERRED),
        (Server("RCPT", sleep=True), Outcome.DEFERRED),
        (Server("DATA", drop=True), Outcome.UNCERTAIN),
        (Server("DATA", sleep=True), Outcome.UNCERTAIN),
    ],
    ids=lambda value: (
        f"{value.at} {value.reply or ('drop' if value.drop else 'sleep')}" if isinstance(value, Server) else ""
    ),
)
def test_what_a_server_does_decides_whether_the_message_may_be_tried_again(server: Server, outcome: Outcome):
    with serving(server) as mailer:
        delivery = mailer.send(MESSAGE)

    assert delivery.outcome is outcome
    assert delivery.words


def test_the_slowest_server_that_is_waited_for_does_not_outlive_the_lease_of_a_batch():
    answers = ("greeting", "EHLO", "STARTTLS", "EHLO", "AUTH", "password", "MAIL", "RCPT", "DATA", "end of data")

    slowest = BATCH_MAX * len(answers) * timedelta(seconds=TIMEOUT_SECONDS)

    assert slowest < LEASE


def test_a_server_that_is_not_there_is_asked_again_later():
    with serving(Server()) as gone:
        pass

    assert gone.send(MESSAGE).outcome is Outcome.DEFERRED


def test_an_address_that_would_break_the_header_is_rejected_before_any_server_sees_it():
    server = Server()

    with serving(server) as mailer:
        delivery = mailer.send(replace(MESSAGE, recipient="a@b.example\r\nBcc: c@d.example"))

    assert (delivery.outcome, server.received) == (Outcome.REJECTED, [])


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return self_signed(tmp_path, "localhost")


def context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*certificate)
    return made


def authenticated(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"bill", b"secret")
    return AuthResult(success=right)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_password_travels_only_under_a_certificate_that_is_trusted(
    certificate: tuple[Path, Path], trusted: bool, monkeypatch: pytest.MonkeyPatch
):
    server = Server()
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    with serving(server, tls_context=context(certificate), authenticator=authenticated, auth_required=True) as mailer:
        mailer = replace(mailer, host="localhost", user="bill", password="secret", timeout_seconds=5)
        delivery = mailer.send(MESSAGE)

    assert (delivery.outcome, len(server.received)) == ((Outcome.SENT, 1) if trusted else (Outcome.DEFERRED, 0))


def test_a_wrong_password_costs_no_message(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    with serving(Server(), tls_context=context(certificate), authenticator=authenticated, auth_required=True) as mailer:
        delivery = replace(mailer, host="localhost", user="bill", password="wrong").send(MESSAGE)

    assert delivery.outcome is Outcome.DEFERRED


def test_without_a_server_messages_become_files_that_mail_programs_open(tmp_path: Path):
    mailer = open_mailer("", "Billing <billing@example.com>", tmp_path / "outbox")

    deliveries = [mailer.send(MESSAGE) for _ in range(2)]

    files = list((tmp_path / "outbox").iterdir())
    mail = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
    assert [delivery.outcome for delivery in deliveries] == [Outcome.SENT] * 2
    assert [file.name for file in files] == ["inv-1_reminder.eml"]
    assert mail["Subject"] == MESSAGE.letter.subject


def test_a_folder_that_cannot_be_written_defers(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")

    delivery = EmlFolder(tmp_path / "file" / "outbox", "billing@example.com").send(MESSAGE)

    assert delivery.outcome is Outcome.DEFERRED


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 587, False, "")),
        ("smtps://bill%40x:p%2Fw@mail.example.com", ("mail.example.com", 465, True, "bill@x")),
        ("smtp://mail.example.com:2525", ("mail.example.com", 2525, False, "")),
    ],
)
def test_the_url_says_host_port_and_encryption(url: str, expected: tuple[object, ...], tmp_path: Path):
    mailer = open_mailer(url, "billing@example.com", tmp_path)

    assert isinstance(mailer, SmtpServer)
    assert (mailer.host, mailer.port, mailer.tls_from_start, mailer.user) == expected
    assert mailer.password not in repr(mailer) or not mailer.password


def test_an_address_of_another_kind_is_refused(tmp_path: Path):
    with pytest.raises(Broken, match="BILLING_SMTP_URL"):
        open_mailer("http://mail.example.com", "billing@example.com", tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux listens on all of 127.0.0.0/8 without being told")
def test_mail_never_leaves_this_machine_in_the_clear():
    server = Server()

    with serving(server, "127.0.0.2") as mailer:
        delivery = mailer.send(MESSAGE)

    assert (delivery.outcome, server.received) == (Outcome.DEFERRED, [])
    assert "STARTTLS" in delivery.words
