"""The one Logger and the one Metrics of a function.

Every line carries the conversation's id, never anything that names the citizen. Metrics go out as log lines in
CloudWatch's embedded metric format, so they cost no call.
"""

import warnings

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# A call that counts nothing is the usual case, not one to write a line about.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger = Logger(log_uncaught_exceptions=False)
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Count something that happened."""
    if value:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
