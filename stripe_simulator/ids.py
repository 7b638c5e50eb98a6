"""Identifiers and other values that look random and come from the seed alone."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

ID_HEX_CHARS: Final = 24


def digest(*parts: object, chars: int = ID_HEX_CHARS) -> str:
    """Hex characters that depend on the parts and on nothing else."""
    text = ":".join(map(str, parts))
    return blake2b(text.encode(), digest_size=(chars + 1) // 2).hexdigest()[:chars]


@dataclass(slots=True)
class Ids:
    """A sequence of identifiers: the same seed and the same requests give the same ids."""

    seed: int
    count: int = 0

    def new(self, prefix: str) -> str:
        """The next id, `prefix` included, e.g. new("pi_")."""
        self.count += 1
        return prefix + digest(self.seed, self.count)

    def chance(self, *about: object) -> float:
        """A number in [0, 1) that belongs to `about`; it never changes within one seed."""
        return int(digest(self.seed, "chance", *about, chars=12), 16) / 16**12
