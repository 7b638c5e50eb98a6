"""Who may ask: secret keys, restricted keys, and publishable keys in browsers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from stripe_simulator.routes import Route
from stripe_simulator.wire import Refused, secret_of

VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")
NO_KEY: Final = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, "
    "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
)

Rights: TypeAlias = Literal["full", "read"]


@dataclass(slots=True)
class Access:
    """Key checks. Any well-formed key of the account's mode is good; `restrict` narrows one."""

    livemode: bool
    rights: dict[str, Rights] = field(default_factory=dict)

    def restrict(self, key: str, rights: Rights) -> None:
        """Nothing; the key may from now on only read (or everything again)."""
        self.rights[key] = rights

    def check(self, headers: Mapping[str, str], route: Route | None) -> str:
        """The key. Raises Refused: 401 without a good one, 403 when it may not do this, 400 for a bad version."""
        key = secret_of(headers)
        if not key:
            raise Refused(401, NO_KEY)
        self._check_shape(key)
        if key.startswith("pk_") and not (route and route.public):
            raise Refused(403, PUBLISHABLE, "secret_key_required")
        if route and route.method != "get" and self.rights.get(key) == "read":
            raise Refused(403, f"The provided key '{_masked(key)}' does not have the required permissions.")
        version = headers.get("stripe-version", "")
        if version and not VERSION.fullmatch(version):
            raise Refused(400, f"Invalid Stripe API version: {version[:40]}")
        return key

    def _check_shape(self, key: str) -> None:
        mode = "live" if self.livemode else "test"
        if not re.fullmatch(rf"(sk|rk|pk)_{mode}_\w+", key):
            raise Refused(401, f"Invalid API Key provided: {_masked(key)}")


PUBLISHABLE: Final = "This API call cannot be made with a publishable API key. Please use a secret API key."


def _masked(key: str) -> str:
    return key[:8] + "*" * min(max(len(key) - 12, 4), 20) + key[-4:] if len(key) > 12 else "*" * len(key)
