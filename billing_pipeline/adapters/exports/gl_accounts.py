"""The mapping of ledger accounts to the accounts of the company's own books: policies/gl_accounts.toml."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from billing_pipeline.adapters.toml_files import read_toml, table_of
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ledger import LedgerAccount

BEANCOUNT_NAME: Final = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")


@dataclass(frozen=True, slots=True)
class GlAccount:
    """An account of the company's own books."""

    code: str
    name: str
    beancount: str


Mapped = Mapping[LedgerAccount, GlAccount]


def load_mapping(file: Path) -> Mapped:
    """The company's account for every ledger account. Raises Broken naming the account and the remedy."""
    try:
        written = table_of(f"{file}: accounts", read_toml(file).get("accounts", {}))
    except OSError as error:
        raise Broken(f"cannot read {file}: {error.strerror}: set BILLING_POLICIES to the folder with it") from None
    known = {account.name.lower(): account for account in LedgerAccount}
    if unknown := sorted(written.keys() - known.keys()):
        raise Broken(f"{file}: no ledger account {unknown[0]!r}: use {', '.join(known)}")
    if missing := [name for name in known if name not in written]:
        raise Broken(f"{file}: {missing[0]} has no line: add its code, name and beancount account")
    return {account: gl_account(file, name, written[name]) for name, account in known.items()}


def gl_account(file: Path, name: str, line: Any) -> GlAccount:
    """One line of the mapping. Raises Broken where something is missing or Beancount would refuse the name."""
    fields = ("code", "name", "beancount")
    if not isinstance(line, dict) or any(not isinstance(line.get(field), str) or not line[field] for field in fields):
        raise Broken(f"{file}: {name} needs a text for each of code, name and beancount")
    if not BEANCOUNT_NAME.fullmatch(line["beancount"]):
        raise Broken(f"{file}: {name}: Beancount takes no account {line['beancount']!r}: write one like Assets:Bank")
    return GlAccount(line["code"], line["name"], line["beancount"])
