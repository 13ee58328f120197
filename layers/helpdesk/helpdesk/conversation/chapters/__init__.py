"""The dialogue, one module per chapter: what is asked and what each answer leads to."""
