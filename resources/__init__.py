"""What assets and sensors are given: the wired world of the pipeline."""

from resources.billing import BillingResource

__all__ = ["BillingResource"]
