"""Payment links: they name one invoice, end by themselves, and cannot be made by anybody else."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest, digest
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

from billing_pipeline.adapters.home import locked
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.flows.ports import Clock
from billing_pipeline.settings import LINK_SECRET_LENGTH_MIN, Settings, revealed

LIFE: Final = timedelta(days=30)  # as long as the reminders of a usual dunning plan are apart, and then some
TOKEN_LENGTH_MAX: Final = 1_000  # a longer one is nobody's link
SECRET_FILE: Final = "link_secret"
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Opened:
    """A good link: the invoice that it shows."""

    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True)
class Expired:
    """A link that was good once."""


@dataclass(frozen=True, slots=True)
class Tampered:
    """Not a link of ours."""


def sign_token(secret: str, invoice: InvoiceId, expires_at: datetime) -> str:
    """The part of a link that names the invoice and its end, signed."""
    told = f"{int(expires_at.timestamp())}|{invoice}".encode()
    return f"{_text(told)}.{_text(_signature(secret, told))}"


def sign_link(secret: str, public_url: str, invoice: InvoiceId, expires_at: datetime) -> str:
    """The address at which this invoice can be paid until then."""
    return f"{public_url.rstrip('/')}/pay/{sign_token(secret, invoice, expires_at)}"


def read_token(secret: str, token: str, now: datetime) -> Opened | Expired | Tampered:
    """What a token says, if we made it. Nothing in it is looked at before its signature was checked."""
    if len(token) > TOKEN_LENGTH_MAX:
        return Tampered()
    told, _, signature = token.partition(".")
    try:
        words = _bytes(told)
        genuine = compare_digest(signature.encode(), _text(_signature(secret, words)).encode())
    except ValueError:
        return Tampered()
    if not genuine or _text(words) != told:  # base64 has several spellings of the same bytes: only ours is taken
        return Tampered()
    expires, _, invoice = words.decode().partition("|")
    if now >= datetime.fromtimestamp(int(expires), UTC):
        return Expired()
    return Opened(InvoiceId(invoice))


def link_secret(settings: Settings, home: Path) -> str:
    """BILLING_LINK_SECRET, or the secret kept in home, made when there is none yet; readable by its owner only.

    Raises Broken where the kept one is not whole: with an empty secret anybody could make a link.
    """
    if given := revealed(settings.link_secret):
        return given
    path = home / SECRET_FILE
    if not path.exists():
        with locked(home):
            _make_secret(path)
    secret = path.read_text()
    if len(secret.strip()) < LINK_SECRET_LENGTH_MIN:
        raise Broken(f"{path} holds no whole secret: remove it for a new one; the links sent until now end with it")
    return secret


def _make_secret(path: Path) -> None:
    """Nothing; afterwards path holds a secret, whole: it is written beside it first. The home is locked meanwhile."""
    if path.exists():
        return  # made by another process just now
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)  # of a process that was killed here
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token_urlsafe(SECRET_BYTES))
    draft.replace(path)


def pay_links(settings: Settings, home: Path, clock: Clock) -> Callable[[InvoiceId], str]:
    """What makes the payment link of an invoice, good for LIFE from now on."""
    secret = link_secret(settings, home)
    return lambda invoice: sign_link(secret, settings.public_url, invoice, clock.now() + LIFE)


def _signature(secret: str, told: bytes) -> bytes:
    return digest(secret.encode(), b"pay|" + told, sha256)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Raises ValueError for text that is no base64."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
