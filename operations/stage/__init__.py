"""What an operator runs against a deployed stage, and what those verbs share."""
