"""What the desk says: one catalogue for each language."""
