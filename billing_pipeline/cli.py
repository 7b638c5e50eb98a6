"""The command line: one app per area, one place where an error becomes one line."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import typer
from rich.console import Console

from billing_pipeline.domain.errors import BillingError

EXIT_FINDINGS: Final = 1  # the command worked and found something that a person should see
EXIT_BROKEN: Final = 2  # the command could not do its work

GROUPS: Final = {
    "db": "db",
    "simulator": "simulator",
    "import": "imports",
    "backlog": "backlog",
    "ledger": "ledger",
    "verify": "verify",
    "invoice": "invoices",
    "credits": "credits",
    "bill": "billing",
    "collect": "collect",
    "payments": "payments",
    "refunds": "refunds",
    "events": "events",
    "sweep": "sweep",
    "web": "web",
    "reconcile": "reconcile",
    "repairs": "repairs",
    "close": "close",
    "bank": "bank",
    "warehouse": "warehouse",
    "dunning": "dunning",
    "takeover": "takeover",
}
"""Command group -> module in billing_pipeline.commands that offers `app`."""

SINGLE: Final = ("demo", "ui", "doctor", "explain")
"""Commands of their own: the module of that name offers a function of that name."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Bill subscriptions, collect through Stripe, book every cent, prove that all sides agree, dun what is proven.",
    epilog="Start with `billing-pipeline demo`; `billing-pipeline doctor` says what is set up and what will happen.",
)


@app.callback()
def root() -> None:
    """A command line with groups, also while only one of them is loaded."""


def load(names: Sequence[str]) -> None:
    """Make these commands known to the app."""
    for name in names:
        module = import_module(f"billing_pipeline.commands.{GROUPS.get(name, name)}")
        if name in SINGLE:
            app.command(name)(getattr(module, name))
        else:
            app.add_typer(module.app, name=name)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line. A BillingError becomes one line on stderr and exit code 2; a bug keeps its traceback."""
    words = sys.argv[1:] if arguments is None else arguments
    known = [*SINGLE, *GROUPS]
    load([words[0]] if words and words[0] in known else known)  # importing one of them is quick
    try:
        app(words, prog_name="billing-pipeline")
    except BillingError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"billing-pipeline: {error}", markup=False)
        sys.exit(EXIT_BROKEN)


if __name__ == "__main__":
    main()
