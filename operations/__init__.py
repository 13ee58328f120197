"""What builds, deploys and operates the help desk. The modules beside the three rooms are what they share."""
