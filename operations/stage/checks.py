"""The doctor's checks, one for each thing that people get wrong.

Each takes the patient, gives what it found, or raises CannotTell, or lets the exception of a service through that does
not answer. None shows a value of a secret: they name fields.
"""

import datetime as dt
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3
import requests

from operations.settings import region_of
from operations.stack import Stack, read_secret, resources_of
from operations.stage import register
from operations.stage.capacity import deployed_demand, increase, room_of
from operations.stage.credentials import APP_SECRET, FIELDS, PEPPER, TRACKING_KEY, TwoPeppersError, is_empty
from operations.stage.findings import CannotTell, Finding, Fine, Mend
from operations.stage.graph import TOKEN_REFUSED, UNKNOWN_PATH, GraphRefusal, Meta, health, meta_of
from operations.stage.smoke import Trial, try_delivery, try_unsigned, try_verification
from operations.webhook import WebhookAccess, access_from

SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
"""What the system user's token has to be good for: sending, and what `make deploy` sets up."""
INDIA = "IN"
SOON_DAYS = 14
APART_SECONDS = 60
"""Clocks further apart than this are wrong. Signatures for AWS bear five minutes, DigiLocker's `ts` thirty."""
SECONDS = 20.0
AUTHORIZE = "public/oauth2/1/authorize"
"""DigiLocker's page for signing in, which every browser may ask for."""


@dataclass(frozen=True)
class Patient:
    """A deployed desk, and what is known of it. Everything is read once, when it is first asked for."""

    stack: Stack

    @cached_property
    def webhook_secret(self) -> Mapping[str, object]:
        """The fields that the webhook proves Meta's calls with."""
        return read_secret(self.stack.outputs["WebhookSecretArn"])

    @cached_property
    def outbound_secret(self) -> Mapping[str, object]:
        """The fields that are shown to WhatsApp and DigiLocker."""
        return read_secret(self.stack.outputs["OutboundSecretArn"])

    @cached_property
    def identity_secret(self) -> Mapping[str, object]:
        """The fields that ids are keyed with."""
        return read_secret(self.stack.outputs["IdentitySecretArn"])

    @cached_property
    def webhook_access(self) -> WebhookAccess:
        """What calls to the webhook are signed with."""
        access = access_from(self.webhook_secret, self.parameter("WhatsAppPhoneNumberId"))
        if access is None:
            raise CannotTell("fill the secrets first")
        return access

    @cached_property
    def meta(self) -> Meta:
        """Meta's side."""
        if is_empty(self.outbound_secret, "whatsapp_access_token"):
            raise CannotTell("fill the secrets first")
        return meta_of(self.stack.parameters, self.access_token, self.webhook_access.app_secret)

    @property
    def access_token(self) -> str:
        """WhatsApp's access token."""
        return str(self.outbound_secret["whatsapp_access_token"])

    @property
    def digilocker_page(self) -> str:
        """The address of DigiLocker's page for signing in."""
        return f"{self.parameter('DigiLockerUrl')}/{AUTHORIZE}"

    def parameter(self, name: str) -> str:
        """Return one of the stack's parameters; "" if this version of the template has none of that name."""
        return self.stack.parameters.get(name, "")

    def deploy_with(self, parameter: str) -> str:
        """Return the command that changes a parameter."""
        return f"make deploy STAGE={self.stack.stage} SET={parameter}"


# --- the desk itself -------------------------------------------------------------------------------------------------


def secret_fields(patient: Patient) -> Finding:
    """Whether everything is filled in that the functions read from their secrets."""
    found = {"WebhookSecretArn": patient.webhook_secret, "OutboundSecretArn": patient.outbound_secret}
    empty = [field.name for field in FIELDS if is_empty(found[field.output], field.name)]
    if empty:
        return Mend(f"empty: {', '.join(empty)}", f"make secrets STAGE={patient.stack.stage}")
    return Fine("all filled")


def identity(patient: Patient) -> Finding:
    """Whether the document function can tell to whom a conversation belongs, and what it signs with is there."""
    by_deploying = f"make deploy STAGE={patient.stack.stage}"
    held, elsewhere = patient.identity_secret.get(PEPPER), patient.webhook_secret.get(PEPPER)
    if not held:
        return Mend("nothing is checked: id_pepper is not in IdentitySecret", f"{by_deploying} moves it there")
    if elsewhere and elsewhere != held:
        return Mend(str(TwoPeppersError()), "aws secretsmanager put-secret-value, on the secret with the wrong one")
    if is_empty(patient.outbound_secret, TRACKING_KEY):
        return Mend("tracking_key is not in OutboundSecret", f"{by_deploying} makes one")
    proven = patient.outbound_secret.get(APP_SECRET)
    if proven != patient.webhook_access.app_secret:
        return Mend(
            "app_secret of OutboundSecret is not the newest one of WebhookSecret", f"{by_deploying} puts it there"
        )
    return Fine("moved; the next deployment takes it out of WebhookSecret" if elsewhere else "one pepper, in its place")


def encrypted_addresses(patient: Patient) -> Finding:
    """Whether numbers, OTPs and secrets go encrypted, wherever they leave a machine."""
    addresses = {name: patient.parameter(name) for name in ("DigiLockerUrl", "WhatsAppApiUrl", "PublicUrl")}
    plain = [
        name
        for name, url in addresses.items()
        if url.startswith("http://") and urlsplit(url).hostname not in {"127.0.0.1", "localhost"}
    ]
    if plain:
        return Mend(f"plain http: {', '.join(plain)}", patient.deploy_with(f"{plain[0]}=https://..."))
    return Fine("https")


def service_open(patient: Patient) -> Finding:
    """Whether the desk works at all."""
    if patient.parameter("ServiceOpen") == "false":
        return Mend("the desk is closed: nobody gets an answer", patient.deploy_with("ServiceOpen=true"))
    return Fine("open")


def verify_token(patient: Patient) -> Finding:
    """Whether the webhook proves itself to whoever knows the verify token."""
    return _tried(patient, (try_verification(_address(patient), patient.webhook_access),))


def signatures(patient: Patient) -> Finding:
    """Whether the webhook takes what is signed with the app secret, and nothing else."""
    return _tried(patient, try_delivery(_address(patient), patient.webhook_access))


def _address(patient: Patient) -> str:
    if patient.stack.only_meta_can_call:
        raise CannotTell("only Meta has the certificate that the address asks for; say Hi to the number")
    return patient.stack.webhook_url


def _tried(patient: Patient, trials: tuple[Trial, ...]) -> Finding:
    for trial in trials:
        if not trial.passed:
            answered = "nothing answered" if trial.answered is None else f"it answered {trial.answered}"
            return Mend(
                f"not so: {trial.shows} ({answered})",
                "functions read a changed secret within half a minute: wait for that. Then see the log of the "
                f"webhook function; for an empty secret make secrets STAGE={patient.stack.stage}",
            )
    return Fine(", ".join(trial.shows for trial in trials))


# --- Meta ------------------------------------------------------------------------------------------------------------


def access_token(patient: Patient) -> Finding:
    """Whether WhatsApp takes our token, for how long, and for what."""
    how = f"make a token that does not expire for the system user, then make secrets STAGE={patient.stack.stage}"
    try:
        token = patient.meta.by_app.get("debug_token", input_token=patient.access_token).body["data"]
    except GraphRefusal as refusal:
        if refusal.code == TOKEN_REFUSED:
            return Mend("Meta refuses the access token or the app secret: expired, revoked or mistyped", how)
        raise
    if not token["is_valid"]:
        return Mend("Meta refuses the access token: expired or revoked", how)
    missing = [scope for scope in SCOPES if scope not in token.get("scopes", [])]
    if missing:
        return Mend(f"the token lacks {', '.join(missing)}", how)
    expires_at = int(token.get("expires_at", 0))
    if expires_at == 0:
        return Fine("valid, does not expire")
    days = (expires_at - time.time()) / 86_400
    if days < SOON_DAYS:
        return Mend(f"the token expires in {max(days, 0):.0f} days", how)
    return Fine(f"valid for {days:.0f} days")


def graph_version(patient: Patient) -> Finding:
    """Whether Meta still serves, or already knows, the version of its API that is set."""
    version = patient.parameter("WhatsAppApiVersion")
    how = patient.deploy_with("WhatsAppApiVersion=... (Meta's changelog names the versions that are served)")
    try:
        served = patient.meta.by_user.get(patient.meta.phone_number_id).version
    except GraphRefusal as refusal:
        if refusal.code == UNKNOWN_PATH:
            return Mend(f"Meta knows no {version}", how)
        raise
    if not served:
        raise CannotTell("Meta's answer does not say which version gave it")
    if served != version:
        return Mend(f"{version} is over: Meta answers with {served} in its place", how)
    return Fine(f"{version} is served")


def sending(patient: Patient) -> Finding:
    """Whether Meta lets the number, its account, the business and the app send, and what it objects to.

    Since October 2026 an account without a payment method is told 200 for every reply; beyond the free ones of a month
    none arrives, and nothing but the health status says so.
    """
    objections, solutions = [], []
    for kind, entity in health(patient.meta.by_user, patient.meta.phone_number_id).items():
        errors = entity.get("errors", [])
        if entity["can_send_message"] == "AVAILABLE" and not errors:
            continue
        reasons = [f"{error['error_description']} ({error['error_code']})" for error in errors]
        reasons += entity.get("additional_info", [])
        objections.append(" ".join([f"Meta calls the {kind} {entity['can_send_message']}:", *reasons]).rstrip(":"))
        solutions += [error["possible_solution"] for error in errors if "possible_solution" in error]
    if not objections:
        return Fine("Meta calls number, account, business and app AVAILABLE")
    solutions.append(f"WhatsApp Manager (https://business.facebook.com/wa/manage) and {patient.meta.app_page} say more")
    return Mend("; ".join(objections), " ".join(solutions))


def business_agent(patient: Patient) -> Finding:
    """Whether citizens are answered by this desk, and not by Meta's own Business Agent on the same number."""
    if register.STANDBY not in register.fields_of(register.subscription(patient.meta) or {}):
        return Mend(
            f"the app is not subscribed to the field {register.STANDBY}: nobody would notice Meta's Business Agent "
            "answering in the desk's place",
            f"make deploy STAGE={patient.stack.stage}",
        )
    if copies := _counted_within_a_day(patient, "StandbyDeliveries"):
        return Mend(
            f"Meta's Business Agent answers on the number: {copies} deliveries of a day were copies to look at",
            "WhatsApp Manager > AI tools > Business Agent: switch it off for this number",
        )
    return Fine("nobody else answers on the number")


def app_live(patient: Patient) -> Finding:
    """Whether the app is switched to Live, without which webhooks do not come.

    No API tells. What tells are messages that came in, and the app's health where Meta finds fault with it.
    """
    state = health(patient.meta.by_user, patient.meta.phone_number_id)["APP"]["can_send_message"]
    if state != "AVAILABLE":
        return Mend(
            f"Meta calls the app {state}",
            f"{patient.meta.app_page} > App mode: Live; its alerts say what else",
        )
    if (messages := _counted_within_a_day(patient, "Messages")) == 0:
        raise CannotTell(
            "no message has come in for a day, and no API tells; look at App mode, at the top of "
            f"{patient.meta.app_page}"
        )
    return Fine(f"{messages} messages came in within a day")


def _counted_within_a_day(patient: Patient, metric: str) -> int:
    now = dt.datetime.now(dt.UTC)
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace=patient.stack.name,
        MetricName=metric,
        Dimensions=[{"Name": "service", "Value": "webhook"}],
        StartTime=now - dt.timedelta(days=1),
        EndTime=now,
        Period=3600,
        Statistics=["Sum"],
    )
    return int(sum(point["Sum"] for point in found["Datapoints"]))


def webhook_address(patient: Patient) -> Finding:
    """Whether Meta calls this desk, with what the desk understands."""
    how = f"make deploy STAGE={patient.stack.stage}"
    subscription = register.subscription(patient.meta)
    if subscription is None:
        return Mend("the app has no webhook", how)
    if subscription["callback_url"] != patient.stack.webhook_url:
        return Mend(f"Meta calls another address: {subscription['callback_url']}", how)
    if not subscription.get("active") or register.FIELD not in register.fields_of(subscription):
        return Mend(f"the app is not subscribed to the field {register.FIELD}", how)
    return Fine("Meta calls this desk")


def account_subscription(patient: Patient) -> Finding:
    """Whether the business account tells our app what happens in it: what is forgotten most."""
    how = f"make deploy STAGE={patient.stack.stage}"
    entry = register.account_entry(patient.meta)
    if entry is None:
        return Mend("the WhatsApp business account is not subscribed to the app: no message comes", how)
    if (elsewhere := entry.get("override_callback_uri")) not in {None, patient.stack.webhook_url}:
        return Mend(f"the business account's messages go elsewhere: {elsewhere}", how)
    return Fine("the business account tells the app")


def storage_in_india(patient: Patient) -> Finding:
    """Whether WhatsApp keeps what is said in India (Cloud API, local storage)."""
    settings = patient.meta.by_user.get(f"{patient.meta.phone_number_id}/settings").body
    storage = settings.get("storage_configuration", {})
    if storage.get("status") == "IN_COUNTRY_STORAGE_ENABLED" and storage.get("data_localization_region") == INDIA:
        return Fine("in India")
    return Mend(
        "WhatsApp keeps message content wherever it likes",
        'deregister the number, POST {"storage_configuration": {"status": "IN_COUNTRY_STORAGE_ENABLED", '
        f'"data_localization_region": "{INDIA}"}}}} to /{patient.meta.phone_number_id}/settings, register it again; '
        "or ask your Solution Provider to",
    )


# --- DigiLocker ------------------------------------------------------------------------------------------------------


def digilocker(patient: Patient) -> Finding:
    """Whether DigiLocker answers, seen from this machine."""
    how = "docs/operations.md, When DigiLocker is down; is DigiLockerUrl right?"
    try:
        answer = requests.get(patient.digilocker_page, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return Mend(f"DigiLocker does not answer ({type(error).__name__}), seen from here", how)
    if answer.status_code >= 500:
        return Mend(f"DigiLocker answers {answer.status_code}", how)
    return Fine("answers, seen from here")


def redirect_uri(patient: Patient) -> Finding:
    """Whether DigiLocker sends citizens back to this desk. It must have been told the address, letter for letter.

    That it refuses at once what it was not told is inferred: no document says how it answers.
    """
    uri = patient.stack.outputs.get("ConsentUrl")
    if uri is None:
        return Fine("does not apply: citizens sign in in the chat")
    if is_empty(patient.outbound_secret, "digilocker_client_id"):
        raise CannotTell("fill the secrets first")
    query = {
        "response_type": "code",
        "client_id": str(patient.outbound_secret["digilocker_client_id"]),
        "redirect_uri": uri,
        "state": "doctor",
        # Of a verifier that nobody has: the sign-in that this begins leads nowhere.
        "code_challenge": secrets.token_urlsafe(32),
        "code_challenge_method": "S256",
    }
    answer = requests.get(patient.digilocker_page, params=query, timeout=SECONDS, allow_redirects=False)
    if answer.status_code >= 500:
        raise CannotTell(f"DigiLocker answers {answer.status_code}")
    if answer.status_code >= 400:
        return Mend(
            "DigiLocker does not know the client id with this redirect URI",
            f"have the partner portal take exactly {uri}",
        )
    return Fine("DigiLocker takes it")


# --- clocks and limits -----------------------------------------------------------------------------------------------


def clocks(patient: Patient) -> Finding:
    """Whether this machine, AWS and DigiLocker have the same time: signatures carry it."""
    here = dt.datetime.now(dt.UTC)
    apart = {
        name: _apart(url, here)
        for name, url in (("AWS", patient.stack.webhook_url), ("DigiLocker", patient.digilocker_page))
    }
    known = {name: seconds for name, seconds in apart.items() if seconds is not None}
    if not known:
        raise CannotTell("nobody's answer has a date")
    wrong = {name: seconds for name, seconds in known.items() if abs(seconds) > APART_SECONDS}
    if not wrong:
        return Fine(f"{' and '.join(known)} as here")
    words = ", ".join(f"{name}'s is {seconds:+.0f} s from this machine's" for name, seconds in wrong.items())
    if wrong == known:
        return Mend(words, "set this machine's clock by NTP; if it is right, tell the one whose is not")
    return Mend(words, "tell the one whose clock is wrong: sign-ins are refused when it is DigiLocker's")


def _apart(url: str, here: dt.datetime) -> float | None:
    """Return how many seconds somebody's clock is ahead of ours; None if nobody says."""
    try:
        date = requests.get(url, timeout=SECONDS, allow_redirects=False).headers.get("Date")
        return (parsedate_to_datetime(date) - here).total_seconds() if date is not None else None
    except (requests.RequestException, ValueError):
        return None


def lambda_concurrency(patient: Patient) -> Finding:
    """Whether the account lets as many functions run at once as all its desks may."""
    room = room_of(patient.stack.name, deployed_demand(patient.stack.name))
    if not room.is_enough:
        return Mend(
            f"the account may run {room.limit} functions at once; its desks may take three quarters, and ask for "
            f"{room.needed}",
            f"{increase(region_of(patient.stack.name), room.least)}; or lower MaximumConcurrency",
        )
    return Fine(f"{room.needed} of {room.limit}")


def released_version(patient: Patient) -> Finding:
    """Whether callers meet what was deployed last: they call the alias `live`, and that a published version."""
    if patient.stack.status.endswith("_IN_PROGRESS"):
        raise CannotTell("a deployment is under way; look again when it has ended")
    functions = boto3.client("lambda")
    different: list[str] = []
    for resource in resources_of(boto3.client("cloudformation"), patient.stack.name):
        if resource["ResourceType"] == "AWS::Lambda::Function":
            latest, live = (
                _frozen(functions.get_function_configuration(FunctionName=resource["PhysicalResourceId"], **which))
                for which in ({}, {"Qualifier": "live"})
            )
            fields = [name for name in latest if latest[name] != live[name]]
            if fields:
                different.append(f"{resource['LogicalResourceId']} ({', '.join(fields)})")
    if different:
        return Mend(
            f"callers still meet the version before: {'; '.join(different)}",
            f"make deploy STAGE={patient.stack.stage} publishes a version (plain sam deploy does not for a parameter); "
            "if that finds nothing to change, somebody changed the function by hand and has to undo it",
        )
    return Fine("callers meet what was deployed last")


def _frozen(configuration: Mapping[str, Any]) -> dict[str, object]:
    """Return what a published version of a function cannot change any more."""
    variables = configuration.get("Environment", {}).get("Variables", {})
    return {
        **{
            name: configuration.get(name)
            for name in ("CodeSha256", "Architectures", "MemorySize", "Timeout", "Runtime")
        },
        "Layers": [layer["Arn"] for layer in configuration.get("Layers", [])],
        "SnapStart": configuration.get("SnapStart", {}).get("ApplyOn"),
        "Environment": variables,
    }


def only_by_its_domain(patient: Patient) -> Finding:
    """Whether mutual TLS can be gone around by API Gateway's own address."""
    if not patient.stack.only_meta_can_call:
        return Fine("does not apply: without MutualTls")
    region = region_of(patient.stack.name)
    url = f"https://{patient.stack.outputs['ApiId']}.execute-api.{region}.amazonaws.com/{patient.stack.stage}/webhook"
    # Unsigned: the function would answer 401, and API Gateway answers 403 where the address is closed.
    answered = try_unsigned(url).answered
    if answered is None:
        raise CannotTell("API Gateway's own address does not answer")
    if answered != requests.codes.forbidden:
        return Mend(
            f"API Gateway's own address answers {answered}: whoever knows it needs no certificate of Meta's",
            f"make deploy STAGE={patient.stack.stage}; API Gateway closes it with the next deployment of the API",
        )
    return Fine("API Gateway's own address is closed")


def fifo_throughput(patient: Patient) -> Finding:
    """Whether both lanes are in the mode that lifts the limit of 300 messages a second."""
    wanted = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    settings = " and ".join(f"{name}={value}" for name, value in wanted.items())
    for lane in ("work", "reply"):
        attributes = boto3.client("sqs").get_queue_attributes(
            QueueUrl=patient.stack.outputs[f"{lane.title()}QueueUrl"], AttributeNames=["All"]
        )["Attributes"]
        if any(attributes.get(name) != value for name, value in wanted.items()):
            return Mend(
                f"the {lane} queue is limited to 300 messages a second: it was changed by hand",
                f"set {settings} on it, as template.yaml has it",
            )
    return Fine("one limit for each citizen")


def alarm_mail(patient: Patient) -> Finding:
    """Whether somebody is told when an alarm goes off."""
    address = patient.parameter("AlarmEmail")
    if not address and patient.stack.stage == "local":
        return Fine("does not apply to the local stack")
    if not address:
        return Mend("alarms reach nobody", patient.deploy_with("AlarmEmail=..."))
    topic = boto3.client("cloudformation").describe_stack_resource(
        StackName=patient.stack.name, LogicalResourceId="AlarmTopic"
    )["StackResourceDetail"]["PhysicalResourceId"]
    found = boto3.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    confirmed = [one for one in found if one["SubscriptionArn"] != "PendingConfirmation"]
    if not any(one["Endpoint"] == address for one in confirmed):
        return Mend("AlarmEmail has not confirmed", "open the mail of AWS Notifications there, and its link")
    return Fine("confirmed")


type Check = Callable[[Patient], Finding]

CHECKS: tuple[Check, ...] = (
    secret_fields,
    identity,
    encrypted_addresses,
    service_open,
    verify_token,
    signatures,
    access_token,
    graph_version,
    app_live,
    sending,
    webhook_address,
    account_subscription,
    business_agent,
    storage_in_india,
    digilocker,
    redirect_uri,
    clocks,
    released_version,
    only_by_its_domain,
    lambda_concurrency,
    fifo_throughput,
    alarm_mail,
)
"""In this order: the later ones need the earlier ones."""
