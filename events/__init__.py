"""Sample events for `sam local invoke`: those that are always good, and how the others are made (`make events`)."""
