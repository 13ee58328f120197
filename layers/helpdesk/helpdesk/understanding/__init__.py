"""What the citizen sends, read by the question that is open."""
