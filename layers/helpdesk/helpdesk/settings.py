"""The settings of a function: read from the environment once, validated, frozen.

A missing or impossible setting stops the function at its start, with the setting's name. Secrets are not in here, only
where they are kept.
"""

from collections.abc import Mapping
from typing import Literal, Self

from helpdesk.conversation.limits import replies_a_day
from helpdesk.conversation.model import Rules
from helpdesk.errors import SettingError
from helpdesk.languages.catalogue import codes
from helpdesk.structs import Value


class Common(Value, frozen=True):
    """What every function needs to take a conversation one step further."""

    table: str
    work_queue_url: str
    reply_queue_url: str
    data_key_arn: str
    rules: Rules


class WebhookSettings(Value, frozen=True):
    """The webhook function's settings."""

    common: Common
    phone_number_id: str
    webhook_secret_arn: str
    identity_secret_arn: str
    max_message_age_seconds: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingError."""
        read = _Reader(environment)
        return cls(
            common=read.common(),
            phone_number_id=read.text("WHATSAPP_PHONE_NUMBER_ID"),
            webhook_secret_arn=read.text("WEBHOOK_SECRET_ARN"),
            identity_secret_arn=read.text("IDENTITY_SECRET_ARN"),
            max_message_age_seconds=read.number("MAX_MESSAGE_AGE_SECONDS"),
        )


class FormSettings(Value, frozen=True):
    """The form function's settings."""

    common: Common
    webhook_secret_arn: str
    identity_secret_arn: str
    form_key_arn: str
    link_expiry_seconds: int
    consent_retention_days: int
    department: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingError."""
        read = _Reader(environment)
        return cls(
            common=read.common(),
            webhook_secret_arn=read.text("WEBHOOK_SECRET_ARN"),
            identity_secret_arn=read.text("IDENTITY_SECRET_ARN"),
            form_key_arn=read.text("FORM_KEY"),
            link_expiry_seconds=read.number("LINK_EXPIRY_SECONDS"),
            consent_retention_days=read.number("CONSENT_RETENTION_DAYS"),
            department=read.text_at_prod("DEPARTMENT"),
        )


class DocumentSettings(Value, frozen=True):
    """The document function's settings."""

    common: Common
    records_table: str
    outbound_secret_arn: str
    identity_secret_arn: str
    work_queue_arn: str
    reply_queue_arn: str
    timer_queue_url: str
    timer_queue_arn: str
    bucket: str
    whatsapp_url: str
    whatsapp_version: str
    phone_number_id: str
    digilocker_url: str
    digilocker_version: Literal["1.x", "2.4"]
    link_expiry_seconds: int
    consent_retention_days: int
    consent_url: str
    requested_doctypes: tuple[str, ...]
    verify_decoy_otps: bool
    purpose: str
    service_name: str
    helpline: str
    department: str
    grievance: str
    privacy_page: str
    form_name: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingError."""
        read = _Reader(environment)
        return cls(
            common=read.common(),
            records_table=read.text("RECORDS_TABLE"),
            outbound_secret_arn=read.text("OUTBOUND_SECRET_ARN"),
            identity_secret_arn=read.text("IDENTITY_SECRET_ARN"),
            work_queue_arn=read.text("WORK_QUEUE_ARN"),
            reply_queue_arn=read.text("REPLY_QUEUE_ARN"),
            timer_queue_url=read.text("TIMER_QUEUE_URL"),
            timer_queue_arn=read.text("TIMER_QUEUE_ARN"),
            bucket=read.text("DOCUMENTS_BUCKET"),
            whatsapp_url=read.url("WHATSAPP_API_URL"),
            whatsapp_version=read.text("WHATSAPP_API_VERSION"),
            phone_number_id=read.text("WHATSAPP_PHONE_NUMBER_ID"),
            digilocker_url=read.url("DIGILOCKER_URL"),
            digilocker_version=read.one_of("DIGILOCKER_VERSION", "1.x", "2.4"),
            link_expiry_seconds=read.number("LINK_EXPIRY_SECONDS"),
            consent_retention_days=read.number("CONSENT_RETENTION_DAYS"),
            consent_url=read.optional_url("CONSENT_URL"),
            requested_doctypes=tuple(filter(None, read.optional("REQUESTED_DOCTYPES").split(","))),
            verify_decoy_otps=read.one_of("VERIFY_DECOY_OTPS", "true", "false") == "true",
            purpose=read.text("PURPOSE"),
            service_name=read.text("SERVICE_NAME"),
            helpline=read.optional("HELPLINE"),
            department=read.text_at_prod("DEPARTMENT"),
            grievance=read.text_at_prod("GRIEVANCE"),
            privacy_page=read.text_at_prod("PRIVACY_PAGE"),
            form_name=read.optional("FORM_NAME"),
        )


class ConsentSettings(Value, frozen=True):
    """The consent function's settings."""

    common: Common
    whatsapp_number: str
    """The desk's telephone number, to which `wa.me` leads back."""
    mobile_mismatch: Literal["refuse", "ask"]
    digilocker_url: str
    link_expiry_seconds: int
    consent_retention_days: int
    department: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings. Raises SettingError."""
        read = _Reader(environment)
        return cls(
            common=read.common(),
            whatsapp_number=read.text("WHATSAPP_NUMBER"),
            mobile_mismatch=read.one_of("MOBILE_MISMATCH", "refuse", "ask"),
            digilocker_url=read.url("DIGILOCKER_URL"),
            link_expiry_seconds=read.number("LINK_EXPIRY_SECONDS"),
            consent_retention_days=read.number("CONSENT_RETENTION_DAYS"),
            department=read.text_at_prod("DEPARTMENT"),
        )


class _Reader:
    """Takes settings out of an environment and names the one that is wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._stage = self.one_of("STAGE", "local", "dev", "staging", "prod")

    def text(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            raise SettingError(f"the setting {name} is missing")
        return value

    def optional(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def text_at_prod(self, name: str) -> str:
        return self.text(name) if self._stage == "prod" else self.optional(name)

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
        if value.startswith("http://") and self._stage != "local":
            raise SettingError(f"the setting {name} must begin with https:// at every stage but local")
        return value

    def common(self) -> Common:
        return Common(
            table=self.text("CONVERSATIONS_TABLE"),
            work_queue_url=self.text("WORK_QUEUE_URL"),
            reply_queue_url=self.text("REPLY_QUEUE_URL"),
            data_key_arn=self.text("DATA_KEY_ARN"),
            rules=self.rules(),
        )

    def rules(self) -> Rules:
        usual = Rules()
        sign_in = self.one_of("SIGN_IN", "in-chat", "form", "consent-page")
        replies = self.number("REPLIES_PER_CITIZEN_PER_DAY")
        share = replies / usual.replies.day
        return Rules(
            session_seconds=self.number("SESSION_SECONDS"),
            resend_seconds=self.number("RESEND_SECONDS"),
            job_expiry_seconds=self.number("JOB_EXPIRY_SECONDS"),
            otp_tries=self.number("OTP_TRIES"),
            otps_per_citizen_per_day=self.number("OTPS_PER_CITIZEN_PER_DAY"),
            numbers_per_citizen_per_day=self.number("NUMBERS_PER_CITIZEN_PER_DAY"),
            otps_per_number_per_hour=self.number("OTPS_PER_NUMBER_PER_HOUR"),
            otps_per_number_per_day=self.number("OTPS_PER_NUMBER_PER_DAY"),
            replies=replies_a_day(replies),
            documents=usual.documents.scaled(share),
            pulls=usual.pulls.scaled(share),
            links=usual.links.scaled(share),
            messages_per_minute=self.number("MESSAGES_PER_MINUTE"),
            same_texts_per_minute=self.number("SAME_TEXTS_PER_MINUTE"),
            on_page=sign_in == "consent-page",
            by_form=sign_in == "form",
            types_instead=self.optional("FORM_FALLBACK") != "none",
            languages=codes(),
        )
