"""A believable company, six months of its life in virtual time, and one screen that says what came of it."""
