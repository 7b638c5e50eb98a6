"""A billing engine that moves money through Stripe, books every cent, and proves every day that both agree."""
