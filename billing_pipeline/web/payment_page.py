"""The payment page: a signed link shows one invoice, takes a card for it, or keeps a card for the next ones."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from billing_pipeline.adapters.stores.page_store import PageStore
from billing_pipeline.bootstrap import World
from billing_pipeline.flows.pay_on_page import (
    Counter,
    PageState,
    Session,
    close_payment,
    close_setup,
    open_payment,
    open_setup,
    shown_state,
    stripes_page,
)
from billing_pipeline.flows.ports.page import PageInvoice
from billing_pipeline.flows.send_attempts import NOT_NOW
from billing_pipeline.web.links import Expired, Opened, Tampered, link_secret, read_token
from billing_pipeline.web.page_texts import FOLDER, Shown, rendered, sentence, tone

STRIPE_JS: Final = "https://js.stripe.com/endive/stripe.js"  # the release that belongs to the pinned API version
STRIPE_HOSTS: Final = "https://js.stripe.com https://*.js.stripe.com"
ASSETS: Final = {"page.css": "text/css", "page.js": "text/javascript"}
LOOK_AGAIN_S: Final = 5  # while another one pays
BODY_BYTES_MAX: Final = 1_000  # {"mode": "pay"} and no more
SEE_OTHER: Final = 303
EXPIRED: Final = 410
NOT_FOUND: Final = 404

Mode = Literal["pay", "card"]


@dataclass(frozen=True, slots=True)
class Page:
    """What serving the page works with. stripe_js: where the browser loads Stripe's script."""

    world: World
    counter: Counter
    secret: str
    stripe_js: str
    publishable_key: str

    @property
    def headers(self) -> dict[str, str]:
        """Nothing but our own files and Stripe's; the address, which holds the link, is told to nobody."""
        return {
            "Content-Security-Policy": policy(self.stripe_js),
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex",
        }


def routes(world: World) -> list[Route]:
    """The payment page's routes on that world."""
    page = page_of(world)

    def served(mode: Mode) -> Callable[[Request], Any]:
        async def show(request: Request) -> Response:
            return await run_in_threadpool(show_invoice, page, request.path_params["token"], mode)

        return show

    async def session(request: Request) -> Response:
        return await answered(page, request, open_session)

    async def done(request: Request) -> Response:
        return await answered(page, request, close_session)

    return [
        Route("/pay/assets/{name}", asset),
        Route("/pay/{token}", served("pay")),
        Route("/pay/{token}/card", served("card")),
        Route("/pay/{token}/session", session, methods=["POST"]),
        Route("/pay/{token}/done", done, methods=["POST"]),
    ]


def page_of(world: World) -> Page:
    """The page on that world: its script and key are Stripe's, or the simulator's."""
    local = world.simulator or world.settings.stripe_api_base
    script = f"{local.rstrip('/')}/v3/stripe.js" if local else STRIPE_JS
    key = world.settings.stripe_publishable_key or ("pk_test_simulator" if local else "")
    counter = Counter(PageStore(world.db), world.gateway, world.clock, world.settings.mode)
    return Page(world, counter, link_secret(world.settings, world.home), script, key)


def policy(stripe_js: str) -> str:
    """The content security policy: scripts from us and from Stripe, no inline script, no frame around us."""
    if stripe_js == STRIPE_JS:
        scripts, calls = STRIPE_HOSTS, "https://api.stripe.com"
        frames, images = f"{STRIPE_HOSTS} https://hooks.stripe.com", "https://*.stripe.com"
    else:
        parts = urlsplit(stripe_js)
        scripts = calls = frames = images = f"{parts.scheme}://{parts.netloc}"
    return (
        f"default-src 'none'; script-src 'self' {scripts}; connect-src 'self' {calls}; frame-src {frames}; "
        f"img-src 'self' {images}; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def show_invoice(page: Page, token: str, mode: Mode) -> Response:
    """The page of the invoice that the link names, or why there is none."""
    match read_token(page.secret, token, page.world.clock.now()):
        case Expired():
            return stop(page, "expired", EXPIRED)
        case Tampered():
            return stop(page, "tampered", NOT_FOUND)
        case Opened(invoice_id):
            invoice = page.counter.store.page_invoice(invoice_id)
    if invoice is None:
        return stop(page, "tampered", NOT_FOUND)
    if mode == "pay" and (elsewhere := stripes_page(page.counter, invoice)):
        return RedirectResponse(elsewhere, SEE_OTHER, headers=page.headers)
    state = PageState.READY if mode == "card" else shown_state(invoice)
    words = sentence(invoice.locale, "" if state is PageState.READY else state)
    ready = state is PageState.READY and bool(page.publishable_key)
    shown = Shown(
        invoice=invoice,
        mode=mode,
        token=token,
        form=ready,
        said=words if ready or words else sentence(invoice.locale, "no_key"),
        tone=tone(state),
        stripe_js=page.stripe_js,
        publishable_key=page.publishable_key,
        look_again_s=LOOK_AGAIN_S if state is PageState.TRYING else 0,
    )
    return HTMLResponse(rendered(shown), headers=page.headers)


def stop(page: Page, reason: str, status: int) -> Response:
    """A page that says why there is no invoice."""
    shown = Shown(invoice=None, title_key=f"{reason}_title", said=sentence("en", reason), tone="plain")
    return HTMLResponse(rendered(shown), status, headers=page.headers)


async def answered(page: Page, request: Request, work: Callable[[Counter, PageInvoice, Mode], Session]) -> Response:
    """What came of a browser's question, as JSON. A body that is not ours is 400, trouble with Stripe is 503."""
    body = await short_body(request)
    if request.headers.get("content-type", "").split(";")[0] != "application/json" or body is None:
        return JSONResponse({"state": "failed"}, 400, headers=page.headers)
    mode: Mode = "card" if b'"card"' in body else "pay"
    return await run_in_threadpool(_answer, page, request.path_params["token"], mode, work)


async def short_body(request: Request) -> bytes | None:
    """The body, or None for one that is too long; it is not read any further then."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            return None
    return body


def _answer(page: Page, token: str, mode: Mode, work: Callable[[Counter, PageInvoice, Mode], Session]) -> Response:
    opened = read_token(page.secret, token, page.world.clock.now())
    if not isinstance(opened, Opened):
        status = EXPIRED if isinstance(opened, Expired) else NOT_FOUND
        return JSONResponse({"state": "failed"}, status, headers=page.headers)
    invoice = page.counter.store.page_invoice(opened.invoice_id)
    if invoice is None:
        return JSONResponse({"state": "failed"}, NOT_FOUND, headers=page.headers)
    try:
        session = work(page.counter, invoice, mode)
    except NOT_NOW:
        session = Session(PageState.LATER if work is open_session else PageState.UNSURE)
    news = {"state": session.state, "client_secret": session.client_secret, "tone": tone(session.state)}
    return JSONResponse(news | {"said": sentence(invoice.locale, session.state)}, headers=page.headers)


def open_session(counter: Counter, invoice: PageInvoice, mode: Mode) -> Session:
    """A secret for the browser, where there is something to pay or a card to keep."""
    return open_setup(counter, invoice) if mode == "card" else open_payment(counter, invoice)


def close_session(counter: Counter, invoice: PageInvoice, mode: Mode) -> Session:
    """What came of it, read from Stripe."""
    return Session(close_setup(counter, invoice) if mode == "card" else close_payment(counter, invoice))


async def asset(request: Request) -> Response:
    """Our own style sheet and script."""
    name = request.path_params["name"]
    if name not in ASSETS:
        return Response(status_code=NOT_FOUND)
    return FileResponse(Path(FOLDER) / name, media_type=ASSETS[name], headers={"Cache-Control": "public, max-age=300"})
