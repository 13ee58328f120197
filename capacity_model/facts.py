"""What the model takes for granted: the conversation as counted, limits as published, the rest assumed.

Limits were read in November 2026, or are known from before, and are to be checked before anybody relies on them.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Step:
    """A message of a citizen, and how many calls to DigiLocker the job behind it makes, one after the other."""

    name: str
    calls: int
    thinking_seconds: float
    """How long she takes in the mean until she sends it, from the answer before."""
    expires: bool = False
    """Whether it is dropped once it is late. All else that asks DigiLocker is announced and done."""


# As tests/unit/test_calls.py counts them.
CONVERSATION: Final = (
    Step("Hi", 0, 0),
    Step("DigiLocker Services", 0, 6),
    Step("Yes", 0, 4),
    Step("I agree", 0, 20),
    Step("Aadhaar number", 2, 20, expires=True),
    Step("OTP", 3, 25, expires=True),
    Step("document", 1, 15),
    Step("Other documents", 0, 30),
    Step("Done", 1, 10),
)

ADMISSION: Final = 3
"""Where signing in begins, and with it what DigiLocker has to serve: before "I agree"."""

IN_LINE: Final = (Step("your turn", 0, 0), Step("Continue", 0, 45))
"""What a line adds for a citizen who waited in it: our message, and her tap. The number itself answers "Yes"."""

# Assumed: the latency of services that nobody here has measured under load. Seconds.
WEBHOOK_SECONDS: Final = 0.06
STATUS_SECONDS: Final = 0.01
OWN_SECONDS: Final = 0.08
"""Of a job: its reads and writes."""
WHATSAPP_SECONDS: Final = 0.25
DIGILOCKER_SECONDS: Final = 0.6
"""The median of one call to DigiLocker at rest."""
DIGILOCKER_SPREAD: Final = 0.5
"""The sigma of its logarithm: one call in a hundred takes over three times the median."""

# The product's own (helpdesk/service, template.yaml). Seconds.
JOB_SECONDS: Final = 30.0
JOB_EXPIRY_SECONDS: Final = 90.0
SESSION_SECONDS: Final = 900.0
BACKOFF_SECONDS: Final = (1, 4, 16, 60, 300)
JITTER: Final = 0.25
MOST_RECEIVES: Final = 8

# Assumed of citizens: how many try again after "try again", and how often.
TRIES_AGAIN: Final = 0.7
MOST_TRIES: Final = 4

# Assumed of citizens in a line. No study is known to us of patience where waiting costs nothing and needs no watching:
# a band, with both ends and the middle.
PATIENCE_MINUTES: Final = (10, 30, 60)
"""Half of those who wait for so long have gone."""
SAYS_SO: Final = 0.3
"""Those who go and cancel. The others just do not come when it is their turn."""
COMES_SPREAD: Final = 0.8
"""The sigma of the logarithm of how long she takes to see that it is her turn."""
PLACE_SECONDS: Final = 600
"""How long the turn is kept."""
HOLD_SECONDS: Final = 60
"""When a document that DigiLocker did not give is asked for again, where the line takes back."""
LOOK_SECONDS: Final = 10
"""How often the pacer looks."""
