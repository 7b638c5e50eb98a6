"""Deliver signed events to a webhook over HTTP, some at a time, and note how long each took. A process of its own.

python -m benchmarks.deliveries PORT FIRST COUNT CONCURRENCY [INVOICE_PREFIX]: prints {"seconds", "latencies_ms", "statuses"}.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from contextlib import ExitStack
from typing import Any, Final, cast

import stripe

from benchmarks.event_samples import event
from benchmarks.webhook_process import SECRET
from billing_pipeline.web.webhook import PATH

ANSWER_BYTES_MAX: Final = 4096


def request(number: int, port: int, invoice: str) -> bytes:
    """One delivery as it goes over the wire."""
    body = json.dumps(event(number, invoice))
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET)
    head = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    return f"{head}stripe-signature: {signature}\r\ncontent-length: {len(body.encode())}\r\n\r\n{body}".encode()


def deliver(port: int, requests: list[bytes], concurrency: int) -> dict[str, Any]:
    """All of them, so many at a time, each connection one after another. Plain sockets: the sender shares our processors."""
    waiting, began_at, latencies, statuses = requests[::-1], dict[socket.socket, float](), list[float](), Counter[int]()
    with selectors.DefaultSelector() as selector, ExitStack() as open_sockets:
        for _ in range(concurrency):
            connection = open_sockets.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ)

        def send_next(connection: socket.socket) -> None:
            if waiting:
                began_at[connection] = time.perf_counter()
                connection.sendall(waiting.pop())

        began = time.perf_counter()
        for key in list(selector.get_map().values()):
            send_next(cast(socket.socket, key.fileobj))
        while len(latencies) < len(requests):
            for key, _ in selector.select():
                connection = cast(socket.socket, key.fileobj)
                statuses[status_of(connection)] += 1
                latencies.append((time.perf_counter() - began_at[connection]) * 1000)
                send_next(connection)
        return {"seconds": time.perf_counter() - began, "latencies_ms": latencies, "statuses": dict(statuses)}


def status_of(connection: socket.socket) -> int:
    """The status of the answer that has come. Raises ConnectionError when the connection ended instead."""
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):  # answers have no body
        if not (piece := connection.recv(ANSWER_BYTES_MAX)):
            raise ConnectionError("the server hung up before it answered")
        answer += piece
    return int(answer[9:12])


def main(port: str, first: str, count: str, concurrency: str, prefix: str = "inv-bench-") -> None:
    """Make all requests beforehand, then deliver."""
    numbers = range(int(first), int(first) + int(count))
    requests = [request(number, int(port), f"{prefix}{number:08d}") for number in numbers]
    print(json.dumps(deliver(int(port), requests, int(concurrency))))


if __name__ == "__main__":
    main(*sys.argv[1:])
