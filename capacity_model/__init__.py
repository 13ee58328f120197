"""What happens on result day: a model of the help desk under load. It imports nothing of the product."""
