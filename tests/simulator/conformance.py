"""docs/conformance.md, made from the tests: what the simulator does as Stripe does, and where Stripe says so.

`python -m tests.simulator.conformance` writes the file.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

FILE = Path(__file__).parents[2] / "docs" / "conformance.md"
HEAD = """# What the simulator does as Stripe does

Made from the tests by `python -m tests.simulator.conformance`; a test checks that it is current. Every line is proven
by the test it names, in `tests/simulator/`. Besides these, every reply and every event in those tests is held against
Stripe's published OpenAPI schemas, and every call against the request types of the SDK. Where the two sources are of
different age, the differences are listed by name in `tests/simulator/spec.py`.

| resource | behaviour | source | test |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True, order=True)
class Behaviour:
    """One line of the table."""

    resource: str
    text: str
    source: str
    test: str


def behaviours() -> list[Behaviour]:
    """All behaviours that tests are marked with, sorted."""
    found = []
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.simulator.{file.stem}")
        for name, thing in vars(module).items():
            if isinstance(thing, FunctionType) and name.startswith("test_") and thing.__module__ == module.__name__:
                marks = getattr(thing, "pytestmark", [])
                found += [Behaviour(*m.args, m.kwargs["source"], name) for m in marks if m.name == "behaviour"]
    return sorted(found)


def page() -> str:
    """The whole file."""
    rows = [f"| {b.resource} | {b.text} | {b.source} | `{b.test}` |" for b in behaviours()]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    FILE.write_text(page())
