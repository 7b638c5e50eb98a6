"""The parity table of docs/subscription_sync.md, made from the cases: `python -m tests.parity_table` writes it."""

from tests.architecture.source import ROOT
from tests.parity_cases import ParityCase, cases, ours, theirs

PAGE = ROOT / "docs" / "subscription_sync.md"
BEGIN, END = "<!-- parity table: begin -->", "<!-- parity table: end -->"
HEAD = "| # | what | subscription | ours | Stripe's rules | difference |\n|---:|---|---|---:|---:|---:|\n"


def row(number: int, case: ParityCase) -> str:
    """One line of the table, amounts in minor units."""
    mine, other = ours(case), theirs(case)
    return f"| {number} | {case.what} | {case.title} | {mine} | {other} | {other - mine} |\n"


def table() -> str:
    """The whole table."""
    return HEAD + "".join(row(number, case) for number, case in enumerate(cases(), start=1))


def written() -> str:
    """The table as the page has it."""
    return PAGE.read_text().split(BEGIN)[1].split(END)[0].strip() + "\n"


def write() -> None:
    """Put the table into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    write()
