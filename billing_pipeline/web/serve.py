"""The one long-running process: webhook and pages over HTTP; events polled, facts applied, unknown outcomes asked for."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

import uvicorn

from billing_pipeline.adapters.fast_json import as_text
from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.errors import BillingError
from billing_pipeline.flows.apply_events import Applied, apply_events
from billing_pipeline.flows.books import Errand
from billing_pipeline.flows.ingest_events import Polled, ingest_events
from billing_pipeline.flows.ports import Gateway
from billing_pipeline.flows.settle_unknowns import SettledUnknowns, settle_unknowns
from billing_pipeline.flows.sweep_objects import sweep_everything
from billing_pipeline.web.app import build_app
from billing_pipeline.web.counted_gateway import CountedGateway
from billing_pipeline.web.metrics import Metrics

IDLE_SECONDS: Final = 1.0  # facts that other processes put in wait no longer than this
SETTLE_SECONDS: Final = 60.0  # one settle cycle: a lost reply is asked for a minute later
ROUND_SECONDS: Final = 15.0  # a payer has the service back within a minute, and other systems know it
FAILED_SECONDS: Final = 2.0  # a pause while the database or Stripe is away
ERRANDS_MAX: Final = 500  # of one round: what comes meanwhile waits for no more than that
BACKLOG_CONNECTIONS: Final = 512
KEPT_SECONDS: Final = 60  # an idle connection stays open: opening one costs more than a delivery

log = logging.getLogger("billing_pipeline.serve")


@dataclass(slots=True)
class Loops:
    """The loops of a process. wake: facts were stored. stop: the process ends.

    run_errands: does in Stripe what facts asked for. asked: the errands that wait for it. rounds: what is done every
    ROUND_SECONDS, by name, each in a loop of its own: a mail server that is dead keeps nobody waiting but mails.
    """

    world: World
    metrics: Metrics
    run_errands: Callable[[Sequence[Errand]], object] = lambda errands: None
    rounds: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    wake: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
    asked: SimpleQueue[Errand] = field(default_factory=SimpleQueue)

    def apply_forever(self) -> None:
        """Apply whatever is stored, at once when woken, else every IDLE_SECONDS."""
        while not self.stop.is_set():
            self.wake.wait(IDLE_SECONDS)
            self.wake.clear()
            if not self._guarded("apply", self.apply_once):
                self.stop.wait(FAILED_SECONDS)

    def errands_forever(self) -> None:
        """Do in Stripe what facts asked for. A loop of its own: applying does not wait for Stripe's answers to it."""
        while not self.stop.is_set():
            if errands := self._asked():
                self._guarded("errands", partial(self.run_errands, errands))

    def poll_forever(self) -> None:
        """Poll Stripe's events every poll_seconds of the settings."""
        self._every(float(self.world.settings.poll_seconds), "poll", self.poll_once)

    def settle_forever(self) -> None:
        """Ask every minute for calls without a known end."""
        self._every(SETTLE_SECONDS, "settle", self.settle_once)

    def round_forever(self, name: str) -> None:
        """Do that round every ROUND_SECONDS."""
        self._every(ROUND_SECONDS, name, self.rounds[name])

    def _every(self, seconds: float, loop: str, once: Callable[[], object]) -> None:
        """Do it at once and then again and again, sooner after a round that failed."""
        while not self.stop.is_set():
            done = self._guarded(loop, once)
            self.stop.wait(seconds if done else FAILED_SECONDS)

    def _asked(self) -> list[Errand]:
        """The errands that wait; an empty list when none came within IDLE_SECONDS."""
        errands: list[Errand] = []
        with suppress(Empty):
            errands.append(self.asked.get(timeout=IDLE_SECONDS))
            while len(errands) < ERRANDS_MAX:
                errands.append(self.asked.get_nowait())
        return errands

    def settle_once(self) -> SettledUnknowns:
        """One settle cycle; what it learnt is applied at once."""
        gateway = CountedGateway(self.world.gateway, self.metrics)
        done = settle_unknowns(CollectionStore(self.world.db), gateway, self.world.clock)
        if done.settled:
            self.wake.set()
        return done

    def apply_once(self) -> Applied:
        """One round of applying."""
        began = time.monotonic()
        store = EventStore(self.world.db, self.world.settings.zone)
        applied = apply_events(store, self._reader(), self.world.clock)
        if applied.applied or applied.ignored or applied.dead:
            self.metrics.apply_seconds.observe(time.monotonic() - began)
            self.metrics.count_applied(applied)
            for errand in applied.errands:
                self.asked.put(errand)
        return applied

    def poll_once(self) -> Polled:
        """One poll; from the objects themselves when events are too old to tell."""
        store, reader, clock = SweepStore(self.world.db, self.world.settings.zone), self._reader(), self.world.clock
        polled = ingest_events(
            store, reader, clock, bootstrap=lambda: sweep_everything(store, reader, clock), dump=as_text
        )
        self.metrics.polled.inc(polled.new)
        self.wake.set()
        return polled

    def _reader(self) -> Gateway:
        return CountedGateway(self.world.reader, self.metrics)

    def _guarded(self, loop: str, once: Callable[[], object]) -> bool:
        """Whether the round went well. A loop never dies of what one round met."""
        try:
            once()
        except BillingError as error:
            log.warning("%s: %s", loop, error)
        except Exception:
            log.exception("%s: a bug; the next round goes on", loop)
        else:
            return True
        self.metrics.failures.labels(loop).inc()
        return False


def working(loops: Loops) -> AbstractContextManager[None]:
    """All loops in their threads, until the end of the block."""
    return _threads(
        loops,
        loops.apply_forever,
        loops.errands_forever,
        loops.poll_forever,
        loops.settle_forever,
        *(partial(loops.round_forever, name) for name in loops.rounds),
    )


def applying(loops: Loops) -> AbstractContextManager[None]:
    """The apply loop alone."""
    return _threads(loops, loops.apply_forever)


@contextmanager
def _threads(loops: Loops, *targets: Callable[[], None]) -> Iterator[None]:
    threads = [threading.Thread(target=target, daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        loops.stop.set()
        loops.wake.set()
        for thread in threads:
            thread.join()


def serve(  # long because each part of the server is named
    world: World,
    host: str,
    port: int,
    *,
    run_errands: Callable[[Sequence[Errand]], object] = lambda errands: None,
    rounds: Mapping[str, Callable[[], object]],
) -> None:
    """Serve until the process is told to end (SIGTERM, Ctrl-C); what is queued is written before it does."""
    metrics = Metrics()
    loops = Loops(world, metrics, run_errands, rounds)
    app = build_app(world, metrics=metrics, on_stored=lambda new: loops.wake.set())
    with working(loops):
        uvicorn.run(
            app,
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            backlog=BACKLOG_CONNECTIONS,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEPT_SECONDS,
        )
