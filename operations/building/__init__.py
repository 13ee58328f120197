"""Builds what is deployed. Nothing here knows a deployed stage."""
