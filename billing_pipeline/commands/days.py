"""Days as people type them."""

from datetime import date

from billing_pipeline.domain.errors import Broken


def typed_day(written: str) -> date:
    """That day. Raises Broken when it is none."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Broken(f"{written!r} is no day: write it like 2026-03-31") from None
