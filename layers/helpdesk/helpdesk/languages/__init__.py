"""What the desk says and understands: one catalogue for each language, and the reading of what people type."""
