"""The policy for changes made in Stripe, from policies/subscriptions.toml."""

from pathlib import Path
from typing import Final, TypeVar

from billing_pipeline.adapters.toml_files import read_toml, table_of
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.mirror_policy import Answer, MirrorPolicy
from billing_pipeline.domain.mirror_requests import Aspect

FILE: Final = "subscriptions.toml"
TABLE: Final = "changed_in_stripe"

Word = TypeVar("Word", Aspect, Answer)


def read_mirror_policy(folder: Path) -> MirrorPolicy:
    """The policy of the folder; our defaults where it has no such file. Raises Broken with what is wrong."""
    path = folder / FILE
    if not path.exists():
        return MirrorPolicy()
    raw = read_toml(path)
    if unknown := sorted(raw.keys() - {TABLE}):
        raise Broken(f"{path}: unknown table {unknown[0]!r}: there is only [{TABLE}]")
    told = table_of(f"{path}: {TABLE}", raw.get(TABLE, {}))
    return MirrorPolicy({known(path, Aspect, name): known(path, Answer, answer) for name, answer in told.items()})


def known(path: Path, words: type[Word], word: object) -> Word:
    """The member of that name. Raises Broken for a word that is none."""
    for one in words:
        if one.value == word:
            return one
    raise Broken(f"{path}: {word!r} is none of {', '.join(words)}")
