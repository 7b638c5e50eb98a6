"""Every command's help shows how it is typed, and what it shows can be typed."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.text import Text

from billing_pipeline.cli import GROUPS, SINGLE, app, load

ROOT = Path(__file__).parents[2]
SIGN = "Example: "
SHIPPED = ("examples/", "policies/")  # files that an example may name because everybody has them


def callable_commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Full name and command of all that do something: leaves, and groups that work without a command below them."""
    below = getattr(command, "commands", None)
    if below is None or command.invoke_without_command:
        yield name, command
    for word, one in (below or {}).items():
        yield from callable_commands(f"{name} {word}", one)


def everything(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Full name and command of all groups and commands."""
    yield name, command
    for word, one in getattr(command, "commands", {}).items():
        yield from everything(f"{name} {word}", one)


def all_commands() -> dict[str, Any]:
    load([*SINGLE, *GROUPS])
    return dict(callable_commands("billing-pipeline", typer.main.get_command(app)))


COMMANDS = all_commands()


def examples(name: str) -> list[str]:
    """The examples of the command's help, without their sign: the lines of its last paragraph."""
    last = (COMMANDS[name].help or "").strip().split("\n\n")[-1]
    return [line.strip().removeprefix(SIGN) for line in last.splitlines() if line.strip().startswith(SIGN)]


def parameters() -> dict[str, Any]:
    """Every argument and option of every command, by its command's name and its own."""
    return {
        f"{name} {one.name}": one for name, command in COMMANDS.items() for one in command.params if one.name != "help"
    }


def named_commands() -> list[list[str]]:
    """The words of every command that a help text names in code."""
    load([*SINGLE, *GROUPS])
    told = [one.help or "" for one in parameters().values()]
    told += [one.help or "" for _, one in everything("billing-pipeline", typer.main.get_command(app))]
    code = [piece.removeprefix("billing-pipeline ").split() for text in told for piece in re.findall("`([^`]+)`", text)]
    return [words for words in code if words[0] in GROUPS]


def test_commands_of_every_depth_are_looked_at() -> None:
    assert {"billing-pipeline demo", "billing-pipeline verify", "billing-pipeline ledger export"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_ends_with_examples_of_that_very_command(name: str) -> None:
    words = name.split()

    shown = examples(name)

    assert shown, f"the help of {name} ends without a line `{SIGN}{name} ...`"
    assert not [example for example in shown if shlex.split(example)[: len(words)] != words]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_are_understood(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    path = name.split()

    for example in examples(name):
        typed = shlex.split(example)[len(path) :]
        context = COMMANDS[name].make_context(name, typed, resilient_parsing=False)

        assert not [*context.args, *context._protected_args], f"{example}: words that nobody asked for"


def test_the_commands_that_a_help_names_exist() -> None:
    absent = [words for words in named_commands() if " ".join(["billing-pipeline", *words[:2]]) not in COMMANDS]

    assert ["collect", "run"] in named_commands()
    assert not absent


def test_every_argument_and_option_has_a_help_text() -> None:
    silent = [name for name, one in parameters().items() if not (one.help or "").strip()]

    assert len(parameters()) > len(COMMANDS)
    assert not silent


def test_the_shipped_files_that_examples_name_are_there() -> None:
    named = {
        word for name in COMMANDS for one in examples(name) for word in shlex.split(one) if word.startswith(SHIPPED)
    }

    absent = {word for word in named if not (ROOT / word).exists()}

    assert named
    assert not absent


def test_examples_are_shown_as_they_are_written() -> None:
    swallowed = [one for name in COMMANDS for one in examples(name) if Text.from_markup(one).plain != one]

    assert not swallowed
