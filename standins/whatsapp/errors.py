"""The Graph API's error answers, by code."""

import secrets
import string
from typing import Any

type _Entry = tuple[int, str, str]
"""HTTP status, title, details."""

CODES: dict[int, _Entry] = {
    0: (401, "AuthException", "We were unable to authenticate the app user."),
    1: (400, "API Unknown", "Invalid request or possible server error."),
    2: (503, "API Service", "Temporary due to downtime or due to being overloaded."),
    3: (500, "API Method", "Capability or permissions issue."),
    4: (400, "Application request limit reached", "The app has reached its API call rate limit."),
    10: (403, "Permission Denied", "Permission is either not granted or has been removed."),
    33: (400, "Parameter value is not valid", "The business phone number has been deleted."),
    100: (400, "Invalid parameter", "The request included one or more unsupported or misspelled parameters."),
    190: (401, "Access token has expired", "Your access token has expired."),
    200: (403, "API Permission", "Permission is either not granted or has been removed."),
    368: (
        403,
        "Temporarily blocked for policies violations",
        "The account has been restricted for violating a platform policy.",
    ),
    80007: (400, "Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
    130429: (
        400,
        "Rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number in a short time.",
    ),
    130472: (400, "User's number is part of an experiment", "Message was not sent as part of an experiment."),
    130497: (
        403,
        "Business account is restricted from messaging users in this country.",
        "The account may not message users in this country.",
    ),
    131000: (500, "Something went wrong", "Message failed to send due to an unknown error."),
    131005: (403, "Access denied", "Permission is either not granted or has been removed."),
    131008: (400, "Required parameter is missing", "The request is missing a required parameter."),
    131009: (400, "Parameter value is not valid", "One or more parameter values are invalid."),
    131016: (500, "Service unavailable", "A service is temporarily unavailable."),
    131021: (400, "Recipient cannot be sender", "Sender and recipient phone number is the same."),
    131026: (400, "Message undeliverable", "Message Undeliverable."),
    131030: (
        400,
        "Recipient phone number not in allowed list",
        "Recipient phone number not in allowed list: Add recipient phone number to recipient list and try again.",
    ),
    131031: (
        403,
        "Account has been locked",
        "The account has been restricted or disabled for violating a platform policy.",
    ),
    131037: (400, "Display name approval needed", "The phone number does not have an approved display name."),
    131042: (400, "Business eligibility payment issue", "There was an error related to your payment method."),
    131045: (500, "Incorrect certificate", "Message failed to send due to a phone number registration error."),
    131047: (
        400,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
    131048: (
        400,
        "Spam rate limit hit",
        "Message failed to send because there are restrictions on how many messages this number may send.",
    ),
    131049: (
        400,
        "Message undelivered to maintain healthy ecosystem engagement",
        "This message was not delivered to maintain healthy ecosystem engagement.",
    ),
    131050: (
        400,
        "User has stopped marketing messages",
        "Unable to deliver the message: the recipient does not want marketing messages.",
    ),
    131051: (400, "Unsupported message type", "Message type is not currently supported."),
    131052: (400, "Media download error", "Unable to download the media sent by the user."),
    131053: (400, "Media upload error", "Unable to upload the media used in the message."),
    131056: (
        400,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages sent from this phone number to the same one.",
    ),
    131057: (500, "Account in maintenance mode", "Business Account is in maintenance mode."),
    131062: (
        400,
        "Business-scoped user id not supported for this message",
        "This message needs the recipient's phone number.",
    ),
    132001: (
        404,
        "Template name does not exist in the translation",
        "The template does not exist in the specified language or the template has not been approved.",
    ),
    132068: (400, "Flow is blocked", "The Flow is in a blocked state."),
    132069: (400, "Flow is throttled", "The Flow is throttled: 10 messages with it were sent in the last hour."),
    133004: (503, "Server Temporarily Unavailable", "Server is temporarily unavailable."),
    133010: (400, "Phone number not registered", "Phone number not registered on the WhatsApp Business Platform."),
    139000: (400, "Blocked by Integrity", "The business may not make or publish Flows."),
    139001: (400, "Update Flow failed", "The Flow cannot be changed."),
    139002: (400, "Publish Flow failed", "The Flow cannot be published."),
    139003: (400, "Deprecate Flow failed", "Only a published Flow can be deprecated."),
    139004: (400, "Delete Flow failed", "Only a draft can be deleted."),
}


class GraphError(Exception):
    """What the Graph API answers instead of a result."""

    def __init__(
        self,
        code: int,
        details: str | None = None,
        *,
        message: str | None = None,
        subcode: int | None = None,
        status: int | None = None,
    ) -> None:
        known_status, title, known_details = CODES.get(code, CODES[131000])
        self.code = code
        self.title = title
        # An answer that has words of its own in the message says no more in details.
        self.details = details or (None if message else known_details)
        self.message = message or f"(#{code}) {title}"
        self.subcode = subcode
        self.status = status or known_status
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """Return the answer's body."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": "GraphMethodException" if self.subcode == 33 else "OAuthException",
            "code": self.code,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.details is not None and self.code not in {190, 0}:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        error["fbtrace_id"] = "A" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(22))
        return {"error": error}

    def in_status(self) -> dict[str, Any]:
        """Return the error as a failed status carries it."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details or self.message},
            "href": "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes/",
        }


def missing(field: str) -> GraphError:
    """Return the refusal of a message that lacks a field that the API cannot do without."""
    return GraphError(100, message=f"(#100) The parameter {field} is required.")


def invalid(details: str) -> GraphError:
    """Return the refusal of a value."""
    return GraphError(131009, details)


def no_such_object(method: str, object_id: str) -> GraphError:
    """Return the refusal of a call to what does not exist, or is not the caller's to see."""
    text = (
        f"Unsupported {method} request. Object with ID '{object_id}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api"
    )
    return GraphError(100, message=text, subcode=33)
