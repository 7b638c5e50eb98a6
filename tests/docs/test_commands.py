"""Every command that a page tells people to type exists, with those options."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from billing_pipeline.cli import GROUPS, SINGLE, app, load

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"billing-pipeline ((?:[a-z-]+ ?)+)((?: ?--[a-z-]+)*)")


def told(page: Path) -> list[str]:
    """The commands in code of that page, as typed."""
    text = page.read_text()
    code = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^\s*(?:\$ )?(billing-pipeline .*)$", text, re.MULTILINE)
    return [found.group(0).strip() for piece in code for found in COMMAND.finditer(piece)]


def command_tree() -> Any:
    load([*SINGLE, *GROUPS])
    return typer.main.get_command(app)


TREE = command_tree()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    unknown = [line for line in told(page) if not exists(line)]

    assert not unknown


def test_the_readme_names_commands_at_all() -> None:
    assert len(told(ROOT / "README.md")) > 3


def exists(line: str) -> bool:
    """Whether the words lead to a command that knows the options. Words after a leaf are its arguments."""
    words, options = (
        [w for w in line.split()[1:] if not w.startswith("--")],
        [w for w in line.split() if w.startswith("--")],
    )
    at: Any = TREE
    for word in words:
        below = getattr(at, "commands", {})
        if word not in below:
            if below and not at.invoke_without_command:
                return False
            break
        at = below[word]
    known = {name for parameter in at.params for name in [*parameter.opts, *parameter.secondary_opts]}
    return set(options) <= known | {"--help"}


def test_whoever_acts_is_named_by_one_option() -> None:
    options = {name for command in leaves(TREE) for parameter in command.params for name in parameter.opts}

    assert options & {"--by", "--who", "--requested-by"} == {"--by"}


def leaves(at: Any) -> list[Any]:
    """Every command below that one that has none below it."""
    below = getattr(at, "commands", {})
    return [leaf for one in below.values() for leaf in leaves(one)] if below else [at]
