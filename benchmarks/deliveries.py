"""Deliver signed events to a webhook over HTTP, some at a time, and note how long each took. A process of its own.

python -m benchmarks.deliveries PORT FIRST COUNT CONCURRENCY [INVOICE_PREFIX]: prints {"seconds", "latencies_ms", "statuses"}.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

import stripe

from benchmarks.event_samples import event
from benchmarks.webhook_process import SECRET
from billing_pipeline.web.webhook import PATH


def request(number: int, port: int, invoice: str) -> bytes:
    """One delivery as it goes over the wire."""
    body = json.dumps(event(number, invoice))
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET)
    head = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    return f"{head}stripe-signature: {signature}\r\ncontent-length: {len(body.encode())}\r\n\r\n{body}".encode()


async def sender(port: int, waiting: list[bytes], latencies: list[float], statuses: Counter[int]) -> None:
    """Send what waits over one connection, one after another."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while waiting:
        message = waiting.pop()
        began = time.perf_counter()
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        latencies.append((time.perf_counter() - began) * 1000)
        statuses[int(head[9:12])] += 1
    writer.close()


async def deliver(port: int, requests: list[bytes], concurrency: int) -> dict[str, Any]:
    """All of them, so many at a time."""
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    requests.reverse()
    began = time.perf_counter()
    await asyncio.gather(*(sender(port, requests, latencies, statuses) for _ in range(concurrency)))
    return {"seconds": time.perf_counter() - began, "latencies_ms": latencies, "statuses": dict(statuses)}


def main(port: str, first: str, count: str, concurrency: str, prefix: str = "inv-bench-") -> None:
    """Make all requests beforehand, then deliver."""
    numbers = range(int(first), int(first) + int(count))
    requests = [request(number, int(port), f"{prefix}{number:08d}") for number in numbers]
    print(json.dumps(asyncio.run(deliver(int(port), requests, int(concurrency)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
