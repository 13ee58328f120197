"""What people say in each language, and what must come of it."""
