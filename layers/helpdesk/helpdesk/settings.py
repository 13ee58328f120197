"""The settings of a function: read from the environment once, validated, frozen.

A missing or impossible setting stops the function at its start, with the setting's name. Secrets are not in here, only
where they are kept.
"""

from collections.abc import Mapping
from typing import Literal, Self, TypedDict

from helpdesk.errors import SettingError
from helpdesk.structs import Value


class Common(Value, frozen=True):
    """What all functions need. Times in seconds."""

    stage: str
    sign_in: str
    table: str
    work_queue_url: str
    data_key_arn: str
    phone_number_id: str
    session_seconds: int
    resend_seconds: int
    job_expiry_seconds: int
    otp_tries: int
    otps_per_citizen_per_day: int
    numbers_per_citizen_per_day: int
    otps_per_number_per_hour: int
    otps_per_number_per_day: int
    replies_per_citizen_per_day: int
    messages_per_minute: int
    same_texts_per_minute: int
    helpline: str


class WebhookSettings(Common, frozen=True):
    """The webhook function's settings."""

    webhook_secret_arn: str
    identity_secret_arn: str
    max_message_age_seconds: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingError."""
        read = _Reader(environment)
        return cls(
            **read.common(),
            webhook_secret_arn=read.text("WEBHOOK_SECRET_ARN"),
            identity_secret_arn=read.text("IDENTITY_SECRET_ARN"),
            max_message_age_seconds=read.number("MAX_MESSAGE_AGE_SECONDS"),
        )


class DocumentSettings(Common, frozen=True):
    """The document function's settings."""

    records_table: str
    outbound_secret_arn: str
    identity_secret_arn: str
    work_queue_arn: str
    timer_queue_url: str
    timer_queue_arn: str
    bucket: str
    whatsapp_url: str
    whatsapp_version: str
    digilocker_url: str
    digilocker_version: Literal["1.x", "2.4"]
    link_expiry_seconds: int
    consent_retention_days: int
    consent_url: str
    requested_doctypes: tuple[str, ...]
    verify_decoy_otps: bool
    purpose: str
    service_name: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingError."""
        read = _Reader(environment)
        return cls(
            **read.common(),
            records_table=read.text("RECORDS_TABLE"),
            outbound_secret_arn=read.text("OUTBOUND_SECRET_ARN"),
            identity_secret_arn=read.text("IDENTITY_SECRET_ARN"),
            work_queue_arn=read.text("WORK_QUEUE_ARN"),
            timer_queue_url=read.text("TIMER_QUEUE_URL"),
            timer_queue_arn=read.text("TIMER_QUEUE_ARN"),
            bucket=read.text("DOCUMENTS_BUCKET"),
            whatsapp_url=read.url("WHATSAPP_API_URL"),
            whatsapp_version=read.text("WHATSAPP_API_VERSION"),
            digilocker_url=read.url("DIGILOCKER_URL"),
            digilocker_version=read.one_of("DIGILOCKER_VERSION", "1.x", "2.4"),
            link_expiry_seconds=read.number("LINK_EXPIRY_SECONDS"),
            consent_retention_days=read.number("CONSENT_RETENTION_DAYS"),
            consent_url=read.optional_url("CONSENT_URL"),
            requested_doctypes=tuple(filter(None, read.optional("REQUESTED_DOCTYPES").split(","))),
            verify_decoy_otps=read.one_of("VERIFY_DECOY_OTPS", "true", "false") == "true",
            purpose=read.text("PURPOSE"),
            service_name=read.text("SERVICE_NAME"),
        )


class ConsentSettings(Common, frozen=True):
    """The consent function's settings."""

    whatsapp_number: str
    """The desk's telephone number, to which `wa.me` leads back."""
    mobile_mismatch: Literal["refuse", "ask"]
    digilocker_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingError."""
        read = _Reader(environment)
        return cls(
            **read.common(),
            whatsapp_number=read.text("WHATSAPP_NUMBER"),
            mobile_mismatch=read.one_of("MOBILE_MISMATCH", "refuse", "ask"),
            digilocker_url=read.url("DIGILOCKER_URL"),
        )


class _CommonValues(TypedDict):
    stage: str
    sign_in: str
    table: str
    work_queue_url: str
    data_key_arn: str
    phone_number_id: str
    session_seconds: int
    resend_seconds: int
    job_expiry_seconds: int
    otp_tries: int
    otps_per_citizen_per_day: int
    numbers_per_citizen_per_day: int
    otps_per_number_per_hour: int
    otps_per_number_per_day: int
    replies_per_citizen_per_day: int
    messages_per_minute: int
    same_texts_per_minute: int
    helpline: str


class _Reader:
    """Takes settings out of an environment and names the one that is wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            raise SettingError(f"the setting {name} is missing")
        return value

    def optional(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def one_of[V: str](self, name: str, *values: V) -> V:
        value = self.text(name)
        for allowed in values:
            if value == allowed:
                return allowed
        raise SettingError(f"the setting {name} must be one of: {', '.join(values)}")

    def number(self, name: str) -> int:
        value = self.text(name)
        if not (value.isascii() and value.isdecimal() and int(value) > 0):
            raise SettingError(f"the setting {name} must be a whole number above 0")
        return int(value)

    def url(self, name: str) -> str:
        value = self.text(name)
        if not value.startswith(("https://", "http://")) or value.endswith("/"):
            raise SettingError(f"the setting {name} must be a URL without a slash at its end")
        return self._encrypted(name, value)

    def optional_url(self, name: str) -> str:
        return self._encrypted(name, self.optional(name))

    def _encrypted(self, name: str, value: str) -> str:
        """Refuse plain http, over which numbers, OTPs and secrets would go in the clear, but on one machine."""
        if value.startswith("http://") and self.text("STAGE") != "local":
            raise SettingError(f"the setting {name} must begin with https:// at every stage but local")
        return value

    def common(self) -> _CommonValues:
        return {
            "stage": self.one_of("STAGE", "local", "dev", "staging", "prod"),
            "sign_in": self.one_of("SIGN_IN", "in-chat", "consent-page"),
            "table": self.text("CONVERSATIONS_TABLE"),
            "work_queue_url": self.text("WORK_QUEUE_URL"),
            "data_key_arn": self.text("DATA_KEY_ARN"),
            "phone_number_id": self.text("WHATSAPP_PHONE_NUMBER_ID"),
            "session_seconds": self.number("SESSION_SECONDS"),
            "resend_seconds": self.number("RESEND_SECONDS"),
            "job_expiry_seconds": self.number("JOB_EXPIRY_SECONDS"),
            "otp_tries": self.number("OTP_TRIES"),
            "otps_per_citizen_per_day": self.number("OTPS_PER_CITIZEN_PER_DAY"),
            "numbers_per_citizen_per_day": self.number("NUMBERS_PER_CITIZEN_PER_DAY"),
            "otps_per_number_per_hour": self.number("OTPS_PER_NUMBER_PER_HOUR"),
            "otps_per_number_per_day": self.number("OTPS_PER_NUMBER_PER_DAY"),
            "replies_per_citizen_per_day": self.number("REPLIES_PER_CITIZEN_PER_DAY"),
            "messages_per_minute": self.number("MESSAGES_PER_MINUTE"),
            "same_texts_per_minute": self.number("SAME_TEXTS_PER_MINUTE"),
            "helpline": self.optional("HELPLINE"),
        }
