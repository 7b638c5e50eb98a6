"""The only home of the database, Stripe, DuckDB, mail, the clock and the processes this project starts."""
