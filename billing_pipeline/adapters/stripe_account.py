"""Which Stripe account a key belongs to: one read, nothing else."""

from dataclasses import dataclass
from typing import Final

import stripe

TIMEOUT_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What Stripe said. account: its id, empty when it did not tell. complaint: why, empty when it did."""

    account: str = ""
    complaint: str = ""


def ask(key: str, api_base: str | None = None) -> Answer:
    """The account behind that key. Never raises: an unreachable Stripe or a bad key is an answer too."""
    client = stripe.StripeClient(
        key,
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        base_addresses={"api": api_base} if api_base else {},
    )
    try:
        return Answer(account=client.v1.accounts.retrieve_current().id)
    except stripe.AuthenticationError:
        return Answer(complaint="Stripe does not know this key: copy it again from the dashboard")
    except stripe.PermissionError:
        return Answer(complaint="the restricted key may not read the account: give it Account read permission")
    except stripe.StripeError as error:
        return Answer(
            complaint=f"Stripe could not be asked ({type(error).__name__}): check the network, then try again"
        )
