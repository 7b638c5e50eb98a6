"""How one request is answered: key, limits, idempotency, faults before the effect, the effect, faults after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from stripe_simulator import idempotency, resources
from stripe_simulator.access import Access
from stripe_simulator.clock import GLOBAL
from stripe_simulator.declared import declaration
from stripe_simulator.expand import shown
from stripe_simulator.faults import API, Fault, Occasion
from stripe_simulator.limits import MESSAGE as RATE_LIMITED
from stripe_simulator.limits import Limits
from stripe_simulator.routes import Call, Route, find
from stripe_simulator.wire import Json, Refused, Response, decode_form
from stripe_simulator.world import Asked, World

NO_TYPES: Final = ("/v1/payment_intents", "/v1/setup_intents")
TYPES_GONE: Final = (  # docs.stripe.com/changelog/endive/2026-09-30, removes the payment_method_types parameter
    "The parameter payment_method_types is no longer supported. Use allowed_payment_method_types or "
    "automatic_payment_methods instead."
)
NOT_SIMULATED: Final = {  # they would move money; to accept them without an effect would be a lie
    "/v1/subscriptions": {"add_invoice_items", "application_fee_percent", "billing_schedules",
                          "billing_thresholds", "pending_invoice_item_interval", "transfer_data"},
    "/v1/invoices": {"application_fee_amount", "automatically_finalizes_at", "from_invoice", "shipping_cost",
                     "transfer_data"},
    "/v1/payment_intents": {"application_fee_amount", "amount_details", "payment_method_data", "transfer_data"},
    "/v1/setup_intents": {"payment_method_data", "single_use"},
    "/v1/refunds": {"reverse_transfer", "refund_application_fee"},
}  # fmt: skip
LOCK_TIMEOUT: Final = (
    "This object cannot be accessed right now because another API request or Stripe process is currently accessing it."
)
BROKEN: Final = "Sorry, there was an error on our end. Please try again."


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; form is the body of a POST or the query string of anything else."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: str
    asked: Asked

    @property
    def key(self) -> str | None:
        """The idempotency key, where one means something."""
        return self.asked.key if self.method == "post" else None

    @property
    def fingerprint(self) -> str:
        """What must be equal for the key to be used again."""
        return idempotency.fingerprint(self.method, self.path, self.form)


@dataclass(slots=True)
class Desk:
    """Answers requests to one world."""

    world: World
    access: Access
    limits: Limits

    def answer(self, request: Request) -> Response:
        """The reply, whatever was asked; refusals are replies too."""
        self.world.asked = request.asked
        try:
            return self._admitted(request)
        except Refused as refused:
            return refusal(refused, request.asked)
        finally:
            self.world.asked, self.world.on = Asked(), GLOBAL

    def _admitted(self, request: Request) -> Response:
        """The reply to a request whose sender may ask. Raises Refused."""
        found = find(request.method, request.path)
        secret = self.access.check(request.headers, found[0] if found else None)
        if found is None:
            raise Refused(404, f"Unrecognized request URL ({request.method.upper()}: {request.path[:200]}).")
        route, ids = found
        self.limits.check(request.method, route.template)
        stored = idempotency.replay(self.world, request.key, request.fingerprint) if request.key else None
        if stored:
            return stored
        call = Call(request.path, ids, self._params(route, ids, request.form, secret))
        fault = self.world.faults.take(API, self._occasion(route, call))
        if fault is None:
            return self._kept(request, self._done(route, call))
        if fault.kind == "key_in_use":
            raise idempotency.in_use(request.key or "")
        nothing = fault.kind in ("rate_limited", "lock_timeout", "error_before", "drop_before")
        real = Response(200, {}, b"") if nothing else self._kept(request, self._done(route, call))
        return self._broken(request, fault, real)

    def _occasion(self, route: Route, call: Call) -> Occasion:
        return Occasion(route.method, call.path, resources.whose(self.world, call))

    def _params(self, route: Route, ids: tuple[str, ...], form: str, secret: str) -> Json:
        """The typed parameters. Raises Refused for what this API version does not know."""
        raw = decode_form(form)
        if route.public:
            given = raw.pop("client_secret", None)
            if secret.startswith("pk_"):
                self._check_secret(route, ids, given)
        if "payment_method_types" in raw and route.template.startswith(NO_TYPES):
            raise Refused(400, TYPES_GONE, "payment_method_types_no_longer_supported", "payment_method_types")
        params: Json = declaration(route.params)(raw, "")
        if foreign := params.keys() & NOT_SIMULATED.get("/".join(route.template.split("/")[:3]), set()):
            raise Refused(400, f"The simulator does not simulate {min(foreign)}.", None, min(foreign))
        return params

    def _check_secret(self, route: Route, ids: tuple[str, ...], given: Any) -> None:
        """Nothing. Raises Refused when a browser does not know the object's client secret."""
        if route.public != "secret":
            return
        kind = "setup_intent" if "setup_intents" in route.template else "payment_intent"
        row = self.world.store.find(kind, ids[0])
        if row is None or row["client_secret"] != given:
            raise Refused(400, "The client_secret provided does not match this object.", None, "client_secret")

    def _done(self, route: Route, call: Call) -> Response:
        """The undisturbed reply. A refusal that keeps no effects takes every write back."""
        world, timers, count = self.world, self.world.timers.sequence, self.world.ids.count
        world.store.journal, kept = [], False
        try:
            resources.follow_clock(world, call)
            paths = call.params.pop("expand", [])
            reply = Response(200, {}, orjson.dumps(shown(world, route.answer(world, call), paths)))
            kept = True
            return reply
        except Refused as refused:
            kept = refused.keeps_effects
            return refusal(refused, world.asked)
        finally:
            if not kept:
                world.store.undo_to(0)
                world.timers.forget_after(timers)
                world.ids.count = count
            world.store.journal = None

    def _kept(self, request: Request, response: Response) -> Response:
        """The reply, stored under its key unless it only says that the request was wrong."""
        if request.key and (response.status < 300 or response.status == 402 or response.status >= 500):
            idempotency.remember(self.world, request.key, request.fingerprint, response)
        return response

    def _broken(self, request: Request, fault: Fault, real: Response) -> Response:
        """What the caller gets instead of the real reply; an error of ours replaces it under the key, too."""
        broken = struck(fault, real, request.asked)
        stored = fault.status == 500 if fault.stored is None else fault.stored
        if request.key and stored and fault.kind in ("error_before", "error_after"):
            idempotency.remember(self.world, request.key, request.fingerprint, broken)
        return broken


def refusal(refused: Refused, asked: Asked) -> Response:
    """The reply that a refusal is."""
    return Response(refused.status, refused.headers, orjson.dumps(refused.body(asked.request_id or "")))


def struck(fault: Fault, real: Response, asked: Asked) -> Response:
    """What a fault makes of the real reply."""
    match fault.kind:
        case "rate_limited":
            reason = {"Stripe-Rate-Limited-Reason": fault.reason}
            return refusal(Refused(429, RATE_LIMITED, "rate_limit", headers=reason), asked)
        case "lock_timeout":
            return refusal(Refused(429, LOCK_TIMEOUT, "lock_timeout"), asked)
        case "error_before" | "error_after":
            retry = {} if fault.should_retry is None else {"Stripe-Should-Retry": str(fault.should_retry).lower()}
            return refusal(Refused(fault.status, BROKEN, kind="api_error", headers=retry), asked)
        case "drop_before" | "drop_after":
            return Response(real.status, real.headers, real.body, dropped=True)
        case "slow_after":
            return Response(real.status, real.headers, real.body, delay_seconds=fault.seconds)
        case "truncate":
            return Response(real.status, real.headers, real.body, cut=True)
        case _:
            return real
