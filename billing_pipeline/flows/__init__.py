"""The verbs: each file does one thing, talks to ports only and leaves every decision to the domain."""
