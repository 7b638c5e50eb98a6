"""The web application: webhook, payment page, health."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from billing_pipeline.adapters.stores.inbox_writer import InboxWriter
from billing_pipeline.bootstrap import World
from billing_pipeline.settings import revealed
from billing_pipeline.web import health
from billing_pipeline.web.metrics import Metrics
from billing_pipeline.web.webhook import PATH, Endpoint, Webhook

PAYMENT_PAGE: Final = "billing_pipeline.web.payment_page"


def build_app(
    world: World, *, metrics: Metrics | None = None, on_stored: Callable[[int], None] = lambda new: None
) -> ASGIApp:
    """The application on that world. on_stored: told how many facts were new, after each commit."""
    metrics = metrics or Metrics()
    for gateway in (world.gateway, world.reader):
        gateway.on_limit = metrics.limit_waits.observe
    url = world.db.url.render_as_string(hide_password=False)
    writer = InboxWriter(url, on_stored)
    endpoint = Endpoint(secrets_of(world), world.identity.account_id, world.identity.livemode)
    webhook = Webhook(endpoint, writer, world.clock, metrics)
    routes: list[BaseRoute] = [*health.routes(world.db, world.clock, metrics)]
    if find_spec(PAYMENT_PAGE):
        routes += import_module(PAYMENT_PAGE).routes(world)
    return webhook_first(webhook, Starlette(routes=routes, lifespan=closing(writer)))


def webhook_first(webhook: ASGIApp, others: ASGIApp) -> ASGIApp:
    """Deliveries straight to the webhook, everything else to the others: routing would cost a third of a delivery."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        serves = webhook if scope["type"] == "http" and scope["path"] == PATH else others
        await serves(scope, receive, send)

    return app


def secrets_of(world: World) -> tuple[str, ...]:
    """Every signing secret in force."""
    told = revealed(world.settings.stripe_webhook_secret) or ""
    return tuple(secret.strip() for secret in told.split(",") if secret.strip())


def closing(writer: InboxWriter) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """A lifespan at whose end everything queued is written."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        writer.close()

    return lifespan
