"""Stripe through its official SDK: the only module that calls it."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from json import loads
from typing import Any, Final

import stripe

from billing_pipeline.adapters.rate_limit import Limiter, NoLimit
from billing_pipeline.adapters.stripe_errors import translated
from billing_pipeline.domain.errors import Broken, Refused, TryLater, Unknown
from billing_pipeline.domain.ids import IdempotencyKey
from billing_pipeline.flows.ports import Json, Page, Reply, Request

API_VERSION: Final = "2026-10-28.endive"  # what this code was written and tested against; the SDK pins the same
CONNECT_TIMEOUT_SECONDS: Final = 5
READ_TIMEOUT_SECONDS: Final = 80  # Stripe's own default: a slow bank is not an error
PAUSE_SECONDS_FIRST: Final = 0.25
PAUSE_SECONDS_MAX: Final = 8.0
PAUSES_SECONDS_MAX: Final = 90.0  # in all: with the limiter's minute and one slow call far below a lease
READS_MAX: Final = 3  # a lost reply to a read costs nothing, so it is asked again
PAGE_SIZE: Final = 100  # Stripe's maximum
NAMESPACES: Final = frozenset({"test_helpers", "billing", "reporting", "billing_portal", "checkout", "radar", "tax"})
NOT_IDS: Final = frozenset({"search", "create_preview"})
TAKEN_NAMES: Final = frozenset(
    {"base", "usage", "api_key", "stripe_version", "stripe_account", "stripe_context", "max_network_retries",
     "idempotency_key", "content_type", "headers"}
)  # fmt: skip
"""Names that the SDK's raw_request takes for itself: as a parameter of ours they would be lost without a word."""

stripe.enable_telemetry = False  # it writes into the home folder and tells Stripe how long our calls took


class StripeGateway:
    """flows.ports.Gateway on the SDK. We decide about retries, so the SDK makes none; each thread has its own session.

    address: where calls go instead of api.stripe.com. guard: true while a transaction is open, when nothing is sent.
    pause: how to wait between tries. on_limit: told the seconds of every wait for a limit, ours or Stripe's; may be set later.
    """

    api_version: str = API_VERSION

    def __init__(
        self,
        key: str,
        *,
        address: str | None = None,
        http_client: stripe.HTTPClient | None = None,
        limiter: Limiter | None = None,
        guard: Callable[[], bool] = lambda: False,
        pause: Callable[[float], None] = time.sleep,
        on_limit: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._http = http_client or stripe.RequestsClient(timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS))
        self._client = stripe.StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": address} if address else None,
            http_client=self._http,
            max_network_retries=0,
        )
        self._limiter: Limiter = limiter or NoLimit()
        self._guard, self._pause, self.on_limit = guard, pause, on_limit

    def close(self) -> None:
        """Close this thread's session; those of threads that have ended went with them."""
        self._http.close()  # type: ignore[no-untyped-call]  # the SDK gives it no types

    def __repr__(self) -> str:
        return f"StripeGateway({API_VERSION})"

    def send(self, request: Request, key: IdempotencyKey) -> Reply:
        """What Stripe answered to the request. Limits and locks are waited out with the same key, then raised."""
        answer = self._with_patience(
            request.method, request.path, {**loads(request.params_json), "idempotency_key": key}, 1
        )
        return Reply(
            body=_object(answer.data),
            request_id=answer.request_id or "",
            replayed=answer.headers.get("Idempotent-Replayed") == "true",
            answered_at=_answered_at(answer.headers),
        )

    def read(self, path: str, params: Json | None = None) -> Json | None:
        """The object at path, or None where Stripe knows no such object."""
        try:
            return _object(self._with_patience("get", path, params or {}, READS_MAX).data)
        except Refused as refused:
            if refused.codes.code == "resource_missing":
                return None
            raise

    def pages(self, path: str, params: Json | None = None) -> Iterator[Page]:
        """All pages of the list, newest first. Raises TryLater on an empty page that promises more."""
        asked: dict[str, Any] = {"limit": PAGE_SIZE, **(params or {})}
        while True:
            answer = self._with_patience("get", path, asked, READS_MAX)
            body = _object(answer.data)
            page = Page(tuple(body["data"]), bool(body["has_more"]), _answered_at(answer.headers))
            yield page
            if not page.has_more:
                return
            if not page.objects:
                raise TryLater(f"Stripe sent an empty page of {path} and says there is more")
            asked["starting_after"] = page.objects[-1]["id"]

    def _with_patience(self, method: str, path: str, params: Json, replies_lost_max: int) -> stripe.StripeResponse:
        """The reply, after waiting out whatever passes by itself. replies_lost_max: tries where no reply came."""
        self._refuse_mistakes(path, params)
        waited, lost = 0.0, 0
        while True:
            try:
                if queued := self._limiter.wait(operation_of(method, path)):
                    self.on_limit(queued)
                return self._once(method, path, params)
            except (TryLater, Unknown) as error:
                lost += isinstance(error, Unknown)
                pause = _pause_seconds(waited)
                if lost >= replies_lost_max or waited + pause > PAUSES_SECONDS_MAX:
                    raise
                if isinstance(error, TryLater):
                    self.on_limit(pause)
            self._pause(pause)
            waited += pause

    def _once(self, method: str, path: str, params: Json) -> stripe.StripeResponse:
        try:
            return self._client.raw_request(method, path, **params)  # type: ignore[no-any-return]
        except stripe.StripeError as error:
            raise translated(error) from error

    def _refuse_mistakes(self, path: str, params: Json) -> None:
        if self._guard():
            raise Broken(
                f"a transaction is open while {path} is to be called: commit first, nothing may be locked while we wait"
            )
        if path.endswith("/") or "//" in path:
            raise Broken(f"{path!r} lacks an id: Stripe would answer with the whole collection")
        if taken := TAKEN_NAMES.intersection(params) - {"idempotency_key"}:
            raise Broken(f"the SDK would swallow the parameter {min(taken)!r} of {path}")


def operation_of(method: str, path: str) -> str:
    """The name of the operation, ids replaced: Stripe limits each of them on its own."""
    parts = path.split("?")[0].strip("/").split("/")
    first_id = 3 if len(parts) > 1 and parts[1] in NAMESPACES else 2
    named = [
        "{id}" if i >= first_id and (i - first_id) % 2 == 0 and part not in NOT_IDS else part
        for i, part in enumerate(parts)
    ]
    return f"{method} /{'/'.join(named)}"


def _pause_seconds(waited: float) -> float:
    """Twice as long each time, half of it by chance, so that those who were refused together do not return together."""
    longest = min(PAUSE_SECONDS_MAX, max(PAUSE_SECONDS_FIRST, waited))
    return longest * random.uniform(0.5, 1.0)


def _object(answered: object) -> Mapping[str, Any]:
    if not isinstance(answered, dict):
        raise Unknown("Stripe's reply is no JSON object")
    return answered


def _answered_at(headers: Mapping[str, str]) -> datetime | None:
    told = headers.get("Date")
    return parsedate_to_datetime(told) if told else None
