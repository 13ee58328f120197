"""The checks of the calls that carry `clientid`, `ts` and `hmac` instead of a bearer token.

`hmac` is called so, but is a plain SHA-256 in lower-case hex of the client secret, the client id, what the call is
about, and `ts`, one after the other without separators. `ts` is in seconds since 1970 and at most 30 minutes off.
"""

import hashlib
import hmac

from standins.clock import Clock
from standins.config import SimulatorConfig

TS_WINDOW = 30 * 60
_IST_AHEAD = 5.5 * 3600


def is_recent(ts: str, config: SimulatorConfig, clock: Clock) -> bool:
    """Return whether a time stamp is one, and near enough to now."""
    if not (ts.isascii() and ts.isdigit() and len(ts) <= 12):
        return False
    late = clock.now() - int(ts)
    shifted = config.tolerate_ist and abs(late + _IST_AHEAD) <= TS_WINDOW
    return abs(late) <= TS_WINDOW or shifted


def is_right(digest: str, config: SimulatorConfig, *values: str) -> bool:
    """Return whether it is the hash of the client's secret, its id, and the values in that order."""
    text = "".join((config.client_secret, config.client_id, *values))
    return hmac.compare_digest(hashlib.sha256(text.encode()).hexdigest().encode(), digest.encode())
