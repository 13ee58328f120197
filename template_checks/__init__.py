"""Checks the template as CloudFormation will see it: in every combination of its parameters."""
