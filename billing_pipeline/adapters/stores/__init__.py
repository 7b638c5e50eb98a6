"""One store per group of flows: what they need from PostgreSQL, by name."""
