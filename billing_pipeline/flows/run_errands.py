"""Do in Stripe what facts asked for, at once and outside of any transaction: hold what could charge, record what was billed."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing_pipeline.domain.errors import TryLater, Unknown
from billing_pipeline.domain.ids import StripeInvoiceId
from billing_pipeline.flows.books import Errand
from billing_pipeline.flows.follow_stripe import Followed, follow_invoices
from billing_pipeline.flows.guard_mirrors import Guarded, guard_mirrors
from billing_pipeline.flows.rehearse import Desk


@dataclass(frozen=True, slots=True)
class ErrandsRun:
    """What was done. held_again: mirrors that could charge; recorded, credited: invoices of Stripe's; postponed: for later."""

    held_again: int = 0
    recorded: int = 0
    credited: int = 0
    postponed: int = 0
    findings: int = 0


def run_errands(desk: Desk, errands: Sequence[Errand], *, threads: int = 1) -> ErrandsRun:
    """Run them, all mirrors first. What Stripe cannot be asked for now is found by the next tick of the schedules."""
    held = guarded(desk) if any(one.what == "hold" for one in errands) else Guarded()
    told = [(one.subscription_id, StripeInvoiceId(one.object_id)) for one in errands if one.what == "record"]
    followed = follow_invoices(desk, told, threads) if told else Followed()
    return ErrandsRun(
        held.held_again if held else 0, followed.recorded, followed.credited, followed.postponed + (held is None),
        followed.findings + (held.new if held else 0),
    )  # fmt: skip


def guarded(desk: Desk) -> Guarded | None:
    """What the guard did; None where Stripe could not be asked."""
    try:
        return guard_mirrors(desk.store, desk.gateway, desk.clock)
    except (TryLater, Unknown):
        return None
