"""The functions' handlers, imported as a new execution environment does, and the settings that they read."""

import gc
import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]

SETTINGS = {
    "STAGE": "local",
    "SIGN_IN": "in-chat",
    "WHATSAPP_API_URL": "https://graph.example",
    "WHATSAPP_API_VERSION": "v26.0",
    "DIGILOCKER_URL": "https://digilocker.example",
    "DIGILOCKER_VERSION": "1.x",
    "SESSION_SECONDS": "900",
    "RESEND_SECONDS": "60",
    "JOB_EXPIRY_SECONDS": "90",
    "OTP_TRIES": "3",
    "OTPS_PER_CITIZEN_PER_DAY": "5",
    "NUMBERS_PER_CITIZEN_PER_DAY": "3",
    "OTPS_PER_NUMBER_PER_HOUR": "5",
    "OTPS_PER_NUMBER_PER_DAY": "20",
    "REPLIES_PER_CITIZEN_PER_DAY": "100",
    "MESSAGES_PER_MINUTE": "30",
    "SAME_TEXTS_PER_MINUTE": "5",
    "MAX_MESSAGE_AGE_SECONDS": "600",
    "LINK_EXPIRY_SECONDS": "900",
    "CONSENT_RETENTION_DAYS": "365",
    "CONSENT_URL": "https://desk.example/consent",
    "REQUESTED_DOCTYPES": "",
    "VERIFY_DECOY_OTPS": "true",
    "PURPOSE": "Sending documents",
    "SERVICE_NAME": "Help desk",
    "WHATSAPP_NUMBER": "919013151515",
    "MOBILE_MISMATCH": "ask",
    "HELPLINE": "",
    "DEPARTMENT": "",
    "GRIEVANCE": "",
    "PRIVACY_PAGE": "",
}
"""The functions' environment, but for the names of resources."""


class Context:
    """What Powertools looks at in Lambda's context."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:ap-south-1:123456789012:function:function"
    aws_request_id = "request"


def load(function: str) -> ModuleType:
    """Import a handler afresh; its settings are read from the environment as it is now."""
    spec = importlib.util.spec_from_file_location(f"{function}_app", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    gc.unfreeze()  # this process has more to do than one function
    return module
