"""What is reachable over HTTP: the webhook, the payment page, health and metrics."""
