"""`billing-pipeline doctor`: who answers, what will happen, and what is set. Changes nothing."""

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final, assert_never

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from billing_pipeline.adapters import embedded_postgres, local_simulator, named_postgres, stripe_account
from billing_pipeline.cli import EXIT_FINDINGS
from billing_pipeline.settings import Settings, address_unused, revealed
from billing_pipeline.stripe_keys import Mode

NOT_ASKED: Final = "the simulator, started at first use"


@dataclass(frozen=True, slots=True)
class Option:
    """One variable. shown: its value, or only that there is one where it is a secret; empty when it is not set."""

    name: str
    shown: str
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. wrong: it stands in the way of real work."""

    subject: str
    answer: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """All that the doctor has to say."""

    options: tuple[Option, ...]
    findings: tuple[Finding, ...]
    will_happen: tuple[str, ...]


def doctor(
    show_all: Annotated[bool, typer.Option("--all", help="Show the settings that are not set, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Say which Stripe account and database answer, what will happen, what is set, and with --all what is not.

    Exit code 1 when one of them does not answer.

    Example: billing-pipeline doctor --all
    """
    settings = Settings.load()
    report = Report(
        options=tuple(options(settings)),
        findings=(*_stripe(settings), _webhook(settings), _database(settings)),
        will_happen=tuple(will_happen(settings)),
    )
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        _print(report, show_all)
    if any(finding.wrong for finding in report.findings):
        raise typer.Exit(EXIT_FINDINGS)


def options(settings: Settings) -> list[Option]:
    """Every variable that exists, in the order of the documentation. No secret's value is in it."""
    return [
        Option(
            name=str(field.alias),
            shown=_shown(getattr(settings, name)) if name in settings.model_fields_set else "",
            default="" if field.default is None else _shown(field.default),
            meaning=field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def _shown(value: Any) -> str:
    return "set (hidden)" if isinstance(value, SecretStr) else str(value)


def will_happen(settings: Settings) -> list[str]:
    """What the next commands will do with these settings, one sentence each."""
    sentences = [_about_money(settings.mode)]
    if settings.mode is not Mode.SIMULATOR and not settings.webhook_secrets:
        sentences.append(f"events arrive by polling every {settings.poll_seconds} s: no webhook secret is set")
    if settings.embedded_database:
        sentences.append(f"an embedded PostgreSQL is started when one is needed, for {settings.home}")
    sentences.append(
        "mails go to the mail server" if settings.smtp_url else f"mails become files in {settings.home / 'outbox'}"
    )
    if settings.collect_from:
        sentences.append(
            f"invoices issued before {settings.collect_from} wait for approval and are never charged by themselves"
        )
    return sentences


def _about_money(mode: Mode) -> str:
    match mode:
        case Mode.SIMULATOR:
            return "no key: the simulator answers, no money moves, and the schedules run by themselves"
        case Mode.SANDBOX:
            return "a test key: Stripe answers, no money moves; charging schedules wait until someone starts them"
        case Mode.LIVE:
            return "A LIVE KEY: REAL MONEY MOVES; charging schedules wait until someone starts them"
        case _:
            assert_never(mode)


def _stripe(settings: Settings) -> list[Finding]:
    """Who answers for Stripe, asked by GET /v1/account for each key that is set."""
    if complaint := address_unused(settings):
        return [Finding("Stripe", complaint, wrong=True)]
    if not settings.secret_key:
        running = local_simulator.status(settings.home)
        return [Finding("Stripe", f"the simulator at {running.address}" if running else NOT_ASKED)]
    answer = stripe_account.ask(settings.secret_key, settings.stripe_api_base)
    where = f" at {settings.stripe_api_base}" if settings.stripe_api_base else ""
    account = f"account {answer.account}, {settings.mode.value} mode{where}"
    found = [Finding("Stripe", answer.complaint or account, wrong=bool(answer.complaint))]
    if settings.stripe_reader_key and not answer.complaint:
        found.append(_reader(settings, answer.account))
    return found


def _reader(settings: Settings, ours: str) -> Finding:
    """Whether the key that reads is of the same account."""
    answer = stripe_account.ask(revealed(settings.stripe_reader_key), settings.stripe_api_base)
    told = answer.complaint or (f"account {answer.account}" + ("" if answer.account == ours else f", not {ours}"))
    return Finding("Reader key", told, wrong=answer.account != ours)


def _webhook(settings: Settings) -> Finding:
    count = len(settings.webhook_secrets)
    if count:
        return Finding("Webhook", f"{count} signing secret{'s' if count > 1 else ''} accepted")
    if settings.mode is Mode.SIMULATOR:
        return Finding("Webhook", "no secret set, and none needed while the simulator answers")
    return Finding("Webhook", "no STRIPE_WEBHOOK_SECRET: every delivery is refused, events come by polling")


def _database(settings: Settings) -> Finding:
    """Which database will be used, and whether it answers now. The embedded one is not started for this."""
    if not settings.embedded_database:
        return _named_database(revealed(settings.database_url))
    found = embedded_postgres.status(settings.home)
    if found.server:
        return Finding("Database", f"embedded PostgreSQL {found.server.major} in {found.data}, running")
    where = f"in {found.data}, stopped" if found.data else "not created yet"
    return Finding("Database", f"embedded PostgreSQL {where}: it is started when one is needed")


def _named_database(url: str) -> Finding:
    answer = named_postgres.ask(url)
    if answer.major:
        return Finding("Database", f"{answer.shown}, PostgreSQL {answer.major}")
    return Finding("Database", f"{answer.shown} does not answer: check host, user, password and network", wrong=True)


def _print(report: Report, show_all: bool) -> None:
    """What was found first: whoever looks for a fault reads the top of the window."""
    console = Console()
    variables = Table(Column("Variable", no_wrap=True), "Value", "What it is", title="Settings", title_justify="left")
    shown = [option for option in report.options if option.shown or show_all]
    for option in shown:
        unset = f"[dim]{escape(option.default)} (default)[/dim]" if option.default else "[dim]not set[/dim]"
        variables.add_row(option.name, escape(option.shown) or unset, escape(option.meaning))
    found = Table("Subject", "Answer", title="Found", title_justify="left")
    for finding in report.findings:
        found.add_row(finding.subject, escape(finding.answer), style="red" if finding.wrong else None)
    console.print(found)
    console.print("What will happen", style="italic")
    for sentence in report.will_happen:
        console.print(f"- {sentence}", markup=False, highlight=False)
    if shown:
        console.print(variables)
    if unset_count := len(report.options) - len(shown):
        console.print(f"{unset_count} more settings are not set: --all shows them", highlight=False)
