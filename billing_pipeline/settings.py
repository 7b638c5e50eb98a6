"""Settings: read once from the environment, frozen, secrets hidden, dangerous combinations refused.

With no variable set at all the project runs: the shipped simulator answers for Stripe, on an embedded PostgreSQL.
"""

import os
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from billing_pipeline import stripe_keys
from billing_pipeline.domain.errors import Broken
from billing_pipeline.stripe_keys import Mode, mode_of

DEFAULT_HOME: Final = Path(".billing")
LIVE_RATE_PER_SECOND: Final = 100  # Stripe's published limit for live keys
SANDBOX_RATE_PER_SECOND: Final = 25  # and for sandboxes
LINK_SECRET_LENGTH_MIN: Final = 32  # as many characters as make guessing hopeless
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Settings(BaseSettings):
    """Everything that can be configured. The description of each field is its documentation."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=True, env_ignore_empty=True)

    stripe_secret_key: SecretStr | None = Field(
        None,
        alias="STRIPE_SECRET_KEY",
        description="Stripe's secret (sk_) or restricted (rk_) key. Without it the shipped simulator answers.",
    )
    stripe_webhook_secret: SecretStr | None = Field(
        None,
        alias="STRIPE_WEBHOOK_SECRET",
        description="Signing secret (whsec_) of the webhook endpoint; several, with commas, while one is rolled.",
    )
    stripe_publishable_key: str | None = Field(
        None, alias="STRIPE_PUBLISHABLE_KEY", description="Publishable key (pk_) for the card form of the payment page."
    )
    stripe_reader_key: SecretStr | None = Field(
        None,
        alias="STRIPE_READER_KEY",
        description="Restricted key (rk_) that may read; sweeps and extraction use it instead of the secret key.",
    )
    stripe_api_base: str | None = Field(
        None,
        alias="STRIPE_API_BASE",
        description="Address to call instead of https://api.stripe.com, such as a simulator of your own; needs a key beside it.",
    )
    live: bool = Field(
        False,
        alias="BILLING_LIVE",
        description="1 allows a live key, which moves real money. Refused with any other key.",
    )
    database_url: SecretStr | None = Field(
        None,
        alias="BILLING_DATABASE_URL",
        description="PostgreSQL 15 or newer, as postgresql://user:password@host/database. Without it one is started.",
    )
    home: Path = Field(
        DEFAULT_HOME,
        alias="BILLING_HOME",
        description="Folder for the embedded database, the simulator's state, mails, Parquet and the warehouse.",
    )
    pg_bin: Path | None = Field(
        None, alias="BILLING_PG_BIN", description="Folder with initdb and pg_ctl for the embedded database."
    )
    zone: str = Field(
        "UTC", alias="BILLING_ZONE", description="Time zone of the schedules and of the day that a close closes."
    )
    smtp_url: SecretStr | None = Field(
        None,
        alias="BILLING_SMTP_URL",
        description="Mail server, as smtp://user:password@host:587 or smtps://. Without it mails become .eml files.",
    )
    mail_from: str = Field(
        "billing@example.com", alias="BILLING_MAIL_FROM", description="Sender of notices and reminders."
    )
    alert_to: str = Field(
        "finance@example.com",
        alias="BILLING_ALERT_TO",
        description="Who is told of new divergences, failed runs and dunning that waits.",
    )
    public_url: str = Field(
        "http://127.0.0.1:8000",
        alias="BILLING_PUBLIC_URL",
        description="Where customers reach the payment page; the links in mails begin with it.",
    )
    link_secret: SecretStr | None = Field(
        None,
        alias="BILLING_LINK_SECRET",
        description="Signs payment links; at least 32 characters. Without it one is made and kept in BILLING_HOME.",
    )
    rate_global_per_second: int | None = Field(
        None,
        alias="BILLING_RATE_GLOBAL_PER_SECOND",
        ge=1,
        le=10_000,
        description="Calls to Stripe per second, all processes together. Default: 100 live, 25 in a sandbox.",
    )
    rate_operation_per_second: int = Field(
        25,
        alias="BILLING_RATE_OPERATION_PER_SECOND",
        ge=1,
        le=10_000,
        description="Calls per second to any one of Stripe's endpoints, all processes together.",
    )
    poll_seconds: int = Field(
        300, alias="BILLING_POLL_SECONDS", ge=5, le=86_400, description="Seconds between two polls of Stripe's events."
    )
    collect_from: date | None = Field(
        None,
        alias="BILLING_COLLECT_FROM",
        description="Invoices issued before this date (YYYY-MM-DD) are never charged without approval.",
    )
    policies: Path = Field(
        Path("policies"), alias="BILLING_POLICIES", description="Folder with the dunning and reconciliation policies."
    )
    dunning_hook_url: str | None = Field(
        None,
        alias="BILLING_DUNNING_HOOK_URL",
        description="Told of every suspension and reinstatement by a signed POST.",
    )
    dunning_hook_secret: SecretStr | None = Field(
        None,
        alias="BILLING_DUNNING_HOOK_SECRET",
        description="Signs those POSTs. Needed with BILLING_DUNNING_HOOK_URL.",
    )
    chromium: Path | None = Field(
        None, alias="CHROMIUM", description="Browser for the tests of the payment page. Default: the one on the PATH."
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The settings of that environment (default: the process's own), checked.

        Raises Broken with one line that names the variable and the remedy, never the value of a secret.
        """
        source = os.environ if environ is None else environ
        given = {name: source[name].strip() for name in OPTIONS if source.get(name, "").strip()}
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise Broken(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}") from None
        for complaint in filter(None, (rule(settings) for rule in REFUSED)):
            raise Broken(complaint)
        return settings

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("no such time zone; use a name such as Europe/Berlin")
        return zone

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what load() passes: no hidden file, and a test needs no changed environment."""
        return (init_settings,)

    @property
    def mode(self) -> Mode:
        """Who answers: decided by the key alone."""
        return mode_of(self.secret_key)

    @property
    def secret_key(self) -> str:
        """Stripe's secret key itself; empty when the simulator answers."""
        return revealed(self.stripe_secret_key)

    @property
    def embedded_database(self) -> bool:
        """True when no server was named, so one is started."""
        return self.database_url is None

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Every secret that may have signed a webhook."""
        return tuple(s.strip() for s in revealed(self.stripe_webhook_secret).split(",") if s.strip())

    @property
    def rate_per_second(self) -> int:
        """Calls to Stripe per second, all processes and endpoints together."""
        default = LIVE_RATE_PER_SECOND if self.mode is Mode.LIVE else SANDBOX_RATE_PER_SECOND
        return self.rate_global_per_second or default

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone of schedules and closes."""
        return ZoneInfo(self.zone)


def revealed(secret: SecretStr | None) -> str:
    """The secret itself, for the one call that needs it; empty when it is not set."""
    return secret.get_secret_value() if secret else ""


OPTIONS: Final = tuple(str(field.alias) for field in Settings.model_fields.values())
"""The name of every variable that is read, in the order of their documentation."""


def _malformed(settings: Settings) -> str | None:
    return stripe_keys.malformed_key(settings.secret_key) or stripe_keys.malformed_companions(
        revealed(settings.stripe_reader_key), settings.stripe_publishable_key or "", settings.webhook_secrets
    )


def _live_without_saying_so(settings: Settings) -> str | None:
    if settings.mode is Mode.LIVE and not settings.live:
        return "STRIPE_SECRET_KEY is a live key and would move real money: set BILLING_LIVE=1 if you mean it"
    if settings.live and settings.mode is not Mode.LIVE:
        return "BILLING_LIVE=1 without a live key: unset it, or set STRIPE_SECRET_KEY to an sk_live_ or rk_live_ key"
    return None


def _modes_mixed(settings: Settings) -> str | None:
    return stripe_keys.modes_mixed(
        settings.secret_key,
        revealed(settings.stripe_reader_key),
        settings.stripe_publishable_key or "",
    )


def _live_in_the_wrong_place(settings: Settings) -> str | None:
    """A live key needs a database that the demo never used, the real Stripe, and links that nobody can read along."""
    if settings.mode is not Mode.LIVE:
        return None
    if settings.stripe_api_base:
        return "STRIPE_API_BASE together with a live key would send the key elsewhere: unset one of them"
    if settings.embedded_database and settings.home.resolve() == DEFAULT_HOME.resolve():
        return "a live key on the demo's database: set BILLING_DATABASE_URL, or BILLING_HOME to a folder of its own"
    address = urlsplit(settings.public_url)
    if address.scheme != "https" and address.hostname not in LOOPBACK:
        return f"BILLING_PUBLIC_URL={settings.public_url} would send payment links in the clear: use https"
    return None


def _incomplete(settings: Settings) -> str | None:
    if settings.link_secret and len(revealed(settings.link_secret)) < LINK_SECRET_LENGTH_MIN:
        return f"BILLING_LINK_SECRET is too short: use at least {LINK_SECRET_LENGTH_MIN} random characters"
    if settings.dunning_hook_url and not settings.dunning_hook_secret:
        return "BILLING_DUNNING_HOOK_URL without BILLING_DUNNING_HOOK_SECRET: set the secret that signs its calls"
    return None


def _not_an_address(settings: Settings) -> str | None:
    for name, value, schemes in (
        ("STRIPE_API_BASE", settings.stripe_api_base, WEB),
        ("BILLING_PUBLIC_URL", settings.public_url, WEB),
        ("BILLING_DUNNING_HOOK_URL", settings.dunning_hook_url, WEB),
        ("BILLING_SMTP_URL", revealed(settings.smtp_url), frozenset({"smtp", "smtps"})),
    ):
        if value and not _is_address(value, schemes):
            return f"{name} is no address: begin it with {' or '.join(f'{s}://' for s in sorted(schemes))} and a host"
    if settings.database_url and not DATABASE_URL.match(revealed(settings.database_url)):
        return "BILLING_DATABASE_URL is no PostgreSQL address: write postgresql://user:password@host:5432/database"
    return None


def address_unused(settings: "Settings") -> str:
    """Why STRIPE_API_BASE would not be asked, with the remedy; empty where it would be, or is not set."""
    if settings.secret_key or not settings.stripe_api_base:
        return ""
    return "STRIPE_API_BASE is asked only with a key: set STRIPE_SECRET_KEY (any sk_test_ key suits a simulator), or unset it"


def _is_address(value: str, schemes: frozenset[str]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        return False


WEB: Final = frozenset({"http", "https"})
DATABASE_URL: Final = re.compile(r"postgres(ql)?(\+psycopg)?://\S")

REFUSED: Final[tuple[Callable[[Settings], str | None], ...]] = (
    _malformed,
    _live_without_saying_so,
    _modes_mixed,
    _live_in_the_wrong_place,
    _not_an_address,
    _incomplete,
)
