"""The HTTP front: an ASGI application on loopback, with the control API and the page scripts beside Stripe's routes."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stripe_simulator.browser import asset
from stripe_simulator.operations import perform
from stripe_simulator.saving import Saved, load
from stripe_simulator.simulator import START, Simulator
from stripe_simulator.wire import BODY_BYTES_MAX, Json, Response

CONTROL: Final = "/_control/"
BACKLOG: Final = 128
CORS: Final = [  # browsers call with a publishable key from the page's own origin
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"authorization, content-type, stripe-version, idempotency-key"),
    (b"access-control-allow-methods", b"GET, POST, DELETE, OPTIONS"),
]

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which also lets the application hang up without a reply."""

    def on_message_begin(self) -> None:
        """Nothing; the connection's transport is in the scope."""
        super().on_message_begin()
        self.scope["simulator.transport"] = self.transport  # type: ignore[typeddict-unknown-key]


def app(simulator: Simulator, saved: Saved | None = None) -> App:
    """The ASGI application of one simulator. With a state file, no reply leaves before its writes are committed."""

    sender = Sender(simulator, saved)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        body = await _body(receive)
        if scope["method"] == "OPTIONS":
            await _send(send, Response(204, {}, b""))
        elif scope["path"].startswith(CONTROL):
            await _control(simulator, saved, sender, scope, body, send)
        elif found := asset(scope["method"], scope["path"], scope["query_string"].decode()):
            await _send(send, found)
        else:
            await _stripe(simulator, saved, sender, scope, body, send)

    return answer


async def _live(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": f"{message['type']}.complete"})


async def _body(receive: Receive) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= BODY_BYTES_MAX:
            parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts) if size <= BODY_BYTES_MAX else b"x" * (BODY_BYTES_MAX + 1)


class Sender:
    """Sends webhooks in a thread of its own after requests and clock moves, one batch at a time."""

    def __init__(self, simulator: Simulator, saved: Saved | None) -> None:
        self.simulator, self.saved = simulator, saved
        self.running: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Nothing; deliveries that are due will be sent soon."""
        if self.simulator.webhooks.due() and (self.running is None or self.running.done()):
            self.running = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self.simulator.webhooks.due():
            await asyncio.to_thread(self.simulator.webhooks.send_due)
            if self.saved:
                self.saved.flush()


async def _stripe(
    simulator: Simulator, saved: Saved | None, sender: Sender, scope: Scope, body: bytes, send: Send
) -> None:
    headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
    form = body if scope["method"] == "POST" else scope["query_string"]
    reply = simulator.handle(scope["method"], scope["path"], headers, form.decode("utf-8", "replace"))
    if saved:
        saved.flush()
    sender.wake()
    if reply.delay_seconds:
        with simulator.still_running(headers.get("idempotency-key")):
            await asyncio.sleep(reply.delay_seconds)
    if reply.dropped:
        await _hang_up(scope)
        return
    half = reply.body[: len(reply.body) // 2] if reply.cut else reply.body
    await _send(send, Response(reply.status, reply.headers, half))


async def _hang_up(scope: Scope) -> None:
    if transport := scope.get("simulator.transport"):
        transport.abort()
    await asyncio.sleep(0.01)  # the server must see the broken connection before this request ends


async def _control(
    simulator: Simulator, saved: Saved | None, sender: Sender, scope: Scope, body: bytes, send: Send
) -> None:
    try:
        asked = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError:
        asked = None
    status, result = perform(simulator, scope["method"], scope["path"].removeprefix(CONTROL), asked)
    if saved:
        saved.flush(meta=scope["method"] != "GET")
    sender.wake()
    await _send(send, Response(status, {"content-type": "application/json"}, orjson.dumps(result)))


async def _send(send: Send, reply: Response) -> None:
    headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers + CORS})
    await send({"type": "http.response.body", "body": reply.body})


def opened(state: str | None, seed: int, now: datetime) -> tuple[Simulator, Saved | None]:
    """The simulator of a state file (a new one when the file is not there), and the file. Raises ValueError."""
    if state is None:
        return Simulator(seed=seed, now=now), None
    known = Path(state).is_file() and Path(state).stat().st_size > 0
    simulator = load(state) if known else Simulator(seed=seed, now=now)
    saved = Saved(simulator, state)
    if not known:
        saved.write_all()
    return simulator, saved


def serve(
    port: int = 12111, state: str | None = None, seed: int = 7, now: datetime = START, host: str = "127.0.0.1"
) -> None:
    """Nothing, when the server was stopped. Prints the address first. Raises ValueError and OSError."""
    simulator, saved = opened(state, seed, now)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    print(f"http://{host}:{listening.getsockname()[1]}", flush=True)
    _server(simulator, saved).run(sockets=[listening])
    if saved:
        saved.flush()
        saved.close()


def _server(simulator: Simulator, saved: Saved | None) -> uvicorn.Server:
    quiet: Json = {"log_level": "warning", "access_log": False, "lifespan": "off", "ws": "none"}
    return uvicorn.Server(uvicorn.Config(app(simulator, saved), http=Protocol, date_header=False, **quiet))


@contextlib.contextmanager
def serving(simulator: Simulator, state: str | None = None) -> Iterator[str]:
    """The address of a server that runs in a thread of this process until the block ends."""
    saved = Saved(simulator, state) if state else None
    if saved:
        saved.write_all()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(BACKLOG)
    server = _server(simulator, saved)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(5)
        if saved:
            saved.close()
