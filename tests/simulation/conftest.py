"""Before the package is imported: its Logger and Metrics are made then."""

import os

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Helpdesk")
