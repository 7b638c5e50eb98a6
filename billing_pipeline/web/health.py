"""Whether the service can do its work, for whoever watches it: /healthz and /metrics."""

from datetime import datetime, timedelta
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from billing_pipeline.adapters.database_errors import translated
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.errors import BillingError
from billing_pipeline.flows.ports import Clock
from billing_pipeline.web.metrics import Backlog, Metrics

LATE: Final = timedelta(minutes=15)  # a fact that waits longer means that nobody applies


def routes(db: Database, clock: Clock, metrics: Metrics) -> list[Route]:
    """/healthz and /metrics."""

    async def healthz(request: Request) -> Response:
        """200 while the database answers and facts are applied; else 503, with the reason."""
        try:
            backlog = await run_in_threadpool(read_backlog, db, clock)
        except BillingError as error:
            return JSONResponse({"status": "down", "reason": str(error)}, status_code=503)
        late = backlog.oldest_seconds > LATE.total_seconds()
        body = {"status": "late" if late else "ok", "waiting": backlog.waiting, "dead": backlog.dead}
        return JSONResponse(body, status_code=503 if late else 200)

    async def show_metrics(request: Request) -> Response:
        """Counters and gauges; the gauges stay as they were while the database is away."""
        try:
            backlog = await run_in_threadpool(read_backlog, db, clock)
        except BillingError:
            backlog = None
        return Response(metrics.exposition(backlog), media_type="text/plain; version=0.0.4")

    return [Route("/healthz", healthz), Route("/metrics", show_metrics)]


def read_backlog(db: Database, clock: Clock) -> Backlog:
    """How the inbox stands. Raises TryLater when the database is away."""
    with translated():
        row = db.row("inbox/backlog")
    now = clock.now()
    if row is None:
        return Backlog(0, 0, 0, 0)
    return Backlog(row.waiting, row.dead, seconds_since(row.oldest_at, now), seconds_since(row.polled_at, now))


def seconds_since(moment: datetime | None, now: datetime) -> float:
    """Seconds from then to now; 0 for no moment."""
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
