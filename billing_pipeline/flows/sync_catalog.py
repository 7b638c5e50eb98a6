"""Stripe's catalogue follows ours: products, tax rates, coupons and prices, each found by our mark, made or mended."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.requests import Request
from billing_pipeline.domain.stripe_catalog import (
    PATHS,
    CatalogKind,
    Listed,
    archive,
    correct,
    create,
    differs,
    found_in,
)
from billing_pipeline.flows.call_stripe import call_stripe, refusal, settle_calls, succeeded
from billing_pipeline.flows.ports import Clock, Gateway, Json
from billing_pipeline.flows.ports.sync import CatalogStore

ARCHIVED_WHEN_REPLACED: Final = (CatalogKind.PRICE, CatalogKind.TAX_RATE)


@dataclass(frozen=True, slots=True)
class CatalogSynced:
    """What a run did, in objects. inexpressible, refused: id -> why. replaced: priced anew, the old one archived."""

    created: int = 0
    adopted: int = 0
    corrected: int = 0
    replaced: int = 0
    unknown: int = 0
    inexpressible: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run works with."""

    store: CatalogStore
    gateway: Gateway
    clock: Clock
    environment: str
    counts: Counter[str] = field(default_factory=Counter)
    inexpressible: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def sync_catalog(store: CatalogStore, gateway: Gateway, clock: Clock, *, environment: str = "billing") -> CatalogSynced:
    """Bring Stripe's catalogue in step with ours. Running it again changes nothing. Raises Broken when the key is refused."""
    run = Run(store, gateway, clock, environment)
    settle_calls(store, gateway, clock, [Operation.CATALOG])
    for kind in CatalogKind:
        _sync_kind(run, kind)
    return CatalogSynced(**run.counts, inexpressible=run.inexpressible, refused=run.refused)


def _sync_kind(run: Run, kind: CatalogKind) -> None:
    wanted = run.store.listed(kind)
    if not wanted:
        return
    found = _found(run, kind)
    for one in wanted:
        if one.fault:
            run.inexpressible[one.our_id] = one.fault
        else:
            _sync_one(run, one, found.get(one.our_id, {}))


def _found(run: Run, kind: CatalogKind) -> dict[str, dict[str, Json]]:
    """What Stripe has of ours, by our id and digest. Of two that are the same, the one in use or the oldest."""
    by_id: dict[str, dict[str, Json]] = {}
    for page in run.gateway.pages(PATHS[kind]):
        for one in page.objects:
            if (ours := found_in(one, kind, run.environment)) is not None:
                known = by_id.setdefault(ours[0], {})
                if ours[1] not in known or one.get("active", True):
                    known[ours[1]] = one
    return by_id


def _sync_one(run: Run, wanted: Listed, found: Mapping[str, Json]) -> None:
    """Find it or make it, link it, and put away what it replaces."""
    there = found.get(wanted.digest)
    if there is None and not wanted.active:
        return  # never sold through Stripe and sold no more
    if there is None:
        made = _called(run, wanted, create(wanted, run.environment), "replaced" if found else "created")
        if made is None:
            return
        there = made
    elif differs(wanted, there):
        _called(run, wanted, correct(wanted, there["id"]), "corrected")
    if there["id"] != wanted.stripe_id:
        run.counts["adopted"] += wanted.digest in found
        run.store.link_catalog(wanted.kind, wanted.our_id, there["id"])
    if wanted.kind in ARCHIVED_WHEN_REPLACED:
        for old in found.values():
            if old["id"] != there["id"] and old.get("active"):
                _called(run, wanted, archive(wanted.kind, old["id"]), "")


def _called(run: Run, wanted: Listed, request: Request, word: str) -> Json | None:
    """What Stripe made of the request, counted under that word; None when it did not, or nobody knows."""
    subject = f"{wanted.kind}:{wanted.our_id}"
    answer = call_stripe(run.store, run.gateway, run.clock, Operation.CATALOG, subject, request)
    if answer is not None and succeeded(answer):
        if word:
            run.counts[word] += 1
        return answer.found
    if words := refusal(answer):
        run.refused[wanted.our_id] = words
    else:
        run.counts["unknown"] += 1
    return None
