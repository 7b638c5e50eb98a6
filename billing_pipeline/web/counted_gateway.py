"""A gateway that counts: what /metrics says about calls to Stripe."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from billing_pipeline.domain.ids import IdempotencyKey
from billing_pipeline.flows.ports import Gateway, Json, Page, Reply, Request
from billing_pipeline.web.metrics import Metrics


class CountedGateway:
    """flows.ports.Gateway in front of another one."""

    def __init__(self, gateway: Gateway, metrics: Metrics) -> None:
        self._gateway, self._metrics, self.api_version = gateway, metrics, gateway.api_version

    def send(self, request: Request, key: IdempotencyKey) -> Reply:
        """Do what the request says."""
        with self._counted("send"):
            return self._gateway.send(request, key)

    def read(self, path: str, params: Json | None = None) -> Json | None:
        """The object at path, or None where Stripe says resource_missing."""
        with self._counted("read"):
            return self._gateway.read(path, params)

    def pages(self, path: str, params: Json | None = None) -> Iterator[Page]:
        """All pages of a list; each is a call."""
        pages = self._gateway.pages(path, params)
        while True:
            with self._counted("list"):
                page = next(pages, None)
            if page is None:
                return
            yield page

    @contextmanager
    def _counted(self, operation: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self._metrics.reads.labels(operation).inc()
            self._metrics.waits.inc(time.monotonic() - began)
