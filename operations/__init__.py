"""What an operator runs against a deployed help desk."""
