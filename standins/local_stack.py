"""The whole help desk on one machine: the real template in a local AWS, between stand-ins for its neighbours.

`make run` (`python -m standins.local_stack`) keeps it up until Ctrl-C. Tests and `make demo` use the class:

    with LocalStack() as stack:
        stack.webhook_url, stack.chat_url, stack.simulator, stack.outputs, stack.client("dynamodb"), ...

What it does, in order: takes its ports, starts the emulator (ministack, enforcing IAM, its state in memory only), runs
`sam build` and `sam deploy` on template.yaml, puts made-up credentials into the two secrets, starts the stand-ins, and
lets WhatsApp's stand-in verify the webhook as Meta does. Everything listens on the loopback only (for `make run` on
Docker's bridge as well, where `sam local` calls) and is gone when it ends, except for its logs.

Any number of stacks can run side by side. Each has ports, logs and scratch space of its own; what they share is the
build, which none of them changes while another reads it.
"""

import dataclasses
import fcntl
import hashlib
import json
import os
import platform
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

import boto3
import requests
from botocore.config import Config

from operations.building import compile_build
from operations.stage.forms import SIGN_IN, FormFaulty, Wanted, bring, pem
from operations.stage.graph import GraphRefusal, meta_of
from standins.backstage import Backstage
from standins.config import SimulatorConfig
from standins.containers import DOCKER_DESKTOP, Deployed, Relay, bridge_address, write_template
from standins.digilocker.accounts import EVERYBODYS_PIN
from standins.errors import StackError
from standins.ports import CHAT, CHOSEN_BY_THE_SYSTEM, EMULATOR, LOOPBACK, Held, Service, hold
from standins.server import Simulator

ROOT = Path(__file__).resolve().parents[1]
SAMCONFIG = ROOT / "samconfig.toml"
LOGS = ROOT / "build" / "logs"
# Apart from `.aws-sam/build`, which a real deployment takes: that one may be for another processor.
BUILD = ROOT / ".aws-sam" / "local" / "build"
CACHE = ROOT / ".aws-sam" / "local" / "cache"
FOR_SAM_LOCAL = ROOT / ".aws-sam" / "local" / "run"
"""Where `make run` puts what `sam local` needs (samconfig.toml). Of two of them, that of the one started last."""

REGION = "ap-south-1"
STACK_NAME = "helpdesk-local"
ARTIFACTS_BUCKET = "helpdesk-local-artifacts"
# What the emulator takes for the account's root. No credentials of the machine's are ever read.
ROOT_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

_ADDRESSES = "addresses.json"
_LOGS_KEPT_SECONDS = 7 * 24 * 3600.0
_SCRATCH_BYTES = 4 * 1024**3
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_BUILD_SECONDS = 600.0
_DEPLOY_SECONDS = 180.0
_CALL_SECONDS = 30.0
# Building asks AWS nothing; should it ever, it gets no answer.
_NOWHERE = "http://127.0.0.1:9"

type Tell = Callable[[str], None]
"""Told what begins ("deploying the template") and how it went ("8.1 s")."""


class LocalStack:
    """The running help desk. A context manager: on leaving, every process it started has ended.

    `parameters` override the template's (as `{"ResendSeconds": "2"}`), `simulator_settings` those of `SimulatorConfig`.
    Of `emulator_ports` and `chat_ports` the first that is free is taken. `for_sam_local`: the folder for what functions
    need that run in `sam local` and work on this stack. `tell` is given a line about each step.
    """

    def __init__(
        self,
        *,
        parameters: Mapping[str, str] | None = None,
        simulator_settings: Mapping[str, Any] | None = None,
        emulator_ports: Sequence[int] = CHOSEN_BY_THE_SYSTEM,
        chat_ports: Sequence[int] = CHOSEN_BY_THE_SYSTEM,
        for_sam_local: Path | None = None,
        tell: Tell = lambda _line: None,
    ) -> None:
        self._parameters = dict(parameters or {})
        self._ports_to_try = {EMULATOR: emulator_ports, CHAT: chat_ports}
        self._held: dict[Service, Held] = {}
        self._for_sam_local = for_sam_local
        self._bridge = bridge_address() if for_sam_local else None
        self._tell = tell
        self._settings = dict(simulator_settings or {})
        self._emulator: subprocess.Popen[bytes] | None = None
        self._simulator: Simulator | None = None
        self._relays: list[Relay] = []
        self._scratch: Path | None = None
        self._resources: dict[str, str] = {}
        self._deployed_parameters: dict[str, str] = {}
        self.outputs: dict[str, str] = {}
        """The deployed template's outputs by name."""
        self.config = _made_up_config(self._settings)
        """What the stand-ins and the two secrets agree on; made up for each stack."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- what it offers -----------------------------------------------------------------------------------------------

    @property
    def emulator_url(self) -> str:
        """Endpoint of the local AWS."""
        return self._url(EMULATOR)

    @property
    def chat_url(self) -> str:
        """The chat page; the stand-ins' HTTP face is below it."""
        return self._url(CHAT)

    def _url(self, service: Service) -> str:
        if service not in self._held:
            raise StackError("the local stack is not running")
        return f"http://{LOOPBACK}:{self._held[service].number}"

    @property
    def moved(self) -> list[Service]:
        """What listens elsewhere than was first asked for, since another program was there."""
        return [
            service for service, held in self._held.items() if self._ports_to_try[service][0] not in {0, held.number}
        ]

    @property
    def logs(self) -> Path:
        """The folder of what the local AWS and the SAM CLI have printed."""
        return LOGS / str(self._held[EMULATOR].number)

    @property
    def webhook_url(self) -> str:
        """Where WhatsApp's stand-in posts to."""
        # The template's own output names an address that only AWS's name servers know.
        return f"{self._api_url('ApiId')}/webhook"

    def _api_url(self, output: str) -> str:
        stage = urlsplit(self.outputs["WebhookUrl"]).path.strip("/").split("/", 1)[0]
        return f"{self.emulator_url}/restapis/{self.outputs[output]}/{stage}/_user_request_"

    @property
    def simulator(self) -> Simulator:
        """The stand-ins, with `.world` for tests that look inside."""
        if self._simulator is None:
            msg = "the local stack is not running"
            raise StackError(msg)
        return self._simulator

    def client(self, service: str) -> Any:
        """A boto3 client with the rights of the account's root."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.emulator_url,
            aws_access_key_id=ROOT_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ROOT_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}, retries={"max_attempts": 2, "mode": "standard"}, read_timeout=_CALL_SECONDS),
        )

    def physical_id(self, logical_id: str) -> str:
        """The deployed name of one of the template's resources."""
        return self._resources[logical_id]

    def function_logs(self, name: str) -> list[str]:
        """Every line that a function has logged, oldest first. `name`: its logical id, such as `WebhookFunction`."""
        group = self.physical_id(name.removesuffix("Function") + "LogGroup")
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        events = [event for page in pages for event in page["events"]]
        return [event["message"].rstrip("\n") for event in sorted(events, key=lambda event: int(event["timestamp"]))]

    # --- starting -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything. Raises StackError; what had been started by then is for `close` to stop."""
        hosts = (LOOPBACK, self._bridge) if self._bridge else (LOOPBACK,)
        for service, ports in self._ports_to_try.items():
            self._held[service] = hold(service, ports, hosts)
        _remove_old_logs()
        self.logs.mkdir(parents=True, exist_ok=True)
        self._scratch = Path(tempfile.mkdtemp(prefix="helpdesk-", dir=_scratch_folder()))
        self._start_emulator()
        with self._step("building the functions and their layer"):
            build()
        with self._step("starting the local AWS"):
            self._await_emulator()
        with self._step("deploying the template"), built() as folder:
            self._deploy(folder)
            if self._for_sam_local:
                self._write_for_sam_local(folder, self._for_sam_local)
        with self._step("filling the secrets, starting the stand-ins"):
            self._fill_secrets()
            config = dataclasses.replace(self.config, webhook_url=self.webhook_url)
            self._simulator = Simulator(config, listening=self._held[CHAT].take(LOOPBACK))
            self._simulator.__enter__()
            if "ConsentUrl" in self.outputs:
                self._simulator.world.consent_url = f"{self._api_url('ConsentApiId')}/consent"
                self._simulator.register_redirect_uri(self.outputs["ConsentUrl"])
            self._open_backstage(self._simulator)
        with self._step("verifying the webhook as Meta does"):
            self._verify_webhook()
        if "FormKeyArn" in self.outputs:
            with self._step("publishing the form"):
                self._bring_form()
        if self._bridge:
            # Functions in containers call there.
            self._relays = [Relay(held.take(self._bridge)) for held in self._held.values()]

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        self._tell(what)
        began = time.monotonic()
        yield
        self._tell(f"{time.monotonic() - began:.1f} s")

    def _start_emulator(self) -> None:
        environment = {
            # The functions inherit all of this, so nothing of the machine's environment is passed on but these.
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ},
            **ROOT_CREDENTIALS,
            "AUTH": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            # Points nowhere: the emulator would else clear away containers of its own kind on a developer's machine.
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "GATEWAY_PORT": str(self._held[EMULATOR].number),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            # An address and not a name: boto3 then writes the bucket into the path of a presigned link, which every
            # machine can resolve.
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "NO_PROXY": "127.0.0.1,localhost",
            "PERSIST_STATE": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "S3_PERSIST": "0",
            "SFTP_ENABLED": "0",
            "TMPDIR": str(self._scratch),
        }
        with self._held[EMULATOR].take(LOOPBACK) as listening, (self.logs / "emulator.log").open("wb") as log:
            self._emulator = subprocess.Popen(  # noqa: S603 - its words are this module's own
                [sys.executable, "-m", "standins.emulator", str(listening.fileno())],
                cwd=ROOT,
                env=environment,
                pass_fds=[listening.fileno()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # its own group, to be stopped as a whole and not by the terminal's Ctrl-C
            )

    def _await_emulator(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._emulator is None or self._emulator.poll() is not None:
                break
            with suppress(requests.RequestException), _direct_session() as session:
                if session.get(f"{self.emulator_url}/_ministack/health", timeout=2).ok:
                    return
            time.sleep(0.1)
        raise StackError(f"The local AWS did not start.\n{_tail(self.logs / 'emulator.log')}")

    def _deploy(self, folder: Path) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket=ARTIFACTS_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        # As the bucket is that SAM makes for a real deployment: `make deploy` asks for it.
        s3.put_bucket_versioning(Bucket=ARTIFACTS_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        overrides = {
            **_samconfig_parameters(),
            "Architecture": _architecture(),
            "WhatsAppPhoneNumberId": self.config.phone_number_id,
            "WhatsAppApiUrl": f"{self.chat_url}/graph",
            "WhatsAppApiVersion": self.config.graph_version,
            "DigiLockerUrl": f"{self.chat_url}/digilocker",
            "DigiLockerVersion": self.config.digilocker_version,
            "PublicUrl": self.chat_url,
            "WhatsAppNumber": self.config.display_phone_number,
            **self._parameters,
        }
        self._deployed_parameters = overrides
        _sam(
            "deploy",
            [
                *(
                    "--config-file",
                    str(SAMCONFIG),
                    "--config-env",
                    "local",
                    "--template-file",
                    str(folder / "template.yaml"),
                    "--stack-name",
                    STACK_NAME,
                ),
                *("--s3-bucket", ARTIFACTS_BUCKET, "--region", REGION, "--no-progressbar"),
                *("--parameter-overrides", *(f'{name}="{value}"' for name, value in overrides.items())),
            ],
            _DEPLOY_SECONDS,
            endpoint=self.emulator_url,
            logs=self.logs,
        )
        cloudformation = self.client("cloudformation")
        stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
        self._resources = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
        }

    def _fill_secrets(self) -> None:
        manager = self.client("secretsmanager")
        values = {
            "WebhookSecretArn": {"app_secrets": [self.config.app_secret], "verify_token": self.config.verify_token},
            "OutboundSecretArn": {
                "whatsapp_access_token": self.config.access_token,
                "digilocker_client_id": self.config.client_id,
                "digilocker_client_secret": self.config.client_secret,
                "tracking_key": secrets.token_hex(32),
                "app_secret": self.config.app_secret,
            },
        }
        for output, filled in values.items():
            arn = self.outputs[output]
            # As an operator does it: what the template generated stays, the empty fields are filled.
            generated = json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])
            manager.put_secret_value(SecretId=arn, SecretString=json.dumps(generated | filled))
        self._move_pepper()

    def _move_pepper(self) -> None:
        """Move what ids are keyed with from where the template generates it, as `make deploy` does."""
        manager = self.client("secretsmanager")
        webhook_arn, identity_arn = self.outputs["WebhookSecretArn"], self.outputs["IdentitySecretArn"]
        webhook, identity = (
            json.loads(manager.get_secret_value(SecretId=arn)["SecretString"]) for arn in (webhook_arn, identity_arn)
        )
        identity["id_pepper"] = webhook.pop("id_pepper")
        manager.put_secret_value(SecretId=identity_arn, SecretString=json.dumps(identity))
        manager.put_secret_value(SecretId=webhook_arn, SecretString=json.dumps(webhook))

    def _open_backstage(self, simulator: Simulator) -> None:
        """Let the chat page show what the table holds and what the functions have logged."""
        secret = self.client("secretsmanager").get_secret_value(SecretId=self.outputs["IdentitySecretArn"])
        groups = {
            name: self._resources[group]
            for name in ("webhook", "consent", "form", "document")
            if (group := f"{name.title()}LogGroup") in self._resources
        }
        simulator.world.backstage = Backstage(
            self.client,
            self.outputs["ConversationsTableName"],
            json.loads(secret["SecretString"])["id_pepper"],
            self.config.phone_number_id,
            groups,
        )
        simulator.world.switches.can_crash = sys.platform == "linux"

    @property
    def form_url(self) -> str:
        """Where phones' forms ask."""
        return f"{self._api_url('FormApiId')}/form"

    def _bring_form(self) -> None:
        """Do at the stand-in what `make deploy` does at Meta."""
        key = self.client("kms").get_public_key(KeyId=self.outputs["FormKeyArn"])["PublicKey"]
        wanted = Wanted(self.outputs["FormName"], self.form_url, pem(key), SIGN_IN.read_bytes())
        parameters = {
            "WhatsAppApiUrl": f"{self.chat_url}/graph",
            "WhatsAppApiVersion": self.config.graph_version,
            "WhatsAppPhoneNumberId": self.config.phone_number_id,
        }
        try:
            list(bring(meta_of(parameters, self.config.access_token, self.config.app_secret), wanted))
        except (FormFaulty, GraphRefusal) as refused:
            lines = "\n".join(self.function_logs("FormFunction")[-20:])
            raise StackError(f"The form was not published: {refused}.\n{lines}") from None

    def _verify_webhook(self) -> None:
        challenge = str(secrets.randbelow(10**9))
        query = {"hub.mode": "subscribe", "hub.verify_token": self.config.verify_token, "hub.challenge": challenge}
        try:
            with _direct_session() as session:
                answer = session.get(self.webhook_url, params=query, timeout=_CALL_SECONDS)
        except requests.RequestException as error:
            # Without the exception's own text: the verify token is in it.
            raise StackError(f"The webhook cannot be called ({type(error).__name__}).") from None
        if (answer.status_code, answer.text) != (200, challenge):
            lines = "\n".join(self.function_logs("WebhookFunction")[-20:])
            raise StackError(
                f"The webhook did not verify: it answered {answer.status_code} {answer.text[:200]!r}.\n{lines}"
            )

    def _write_for_sam_local(self, built_in: Path, folder: Path) -> None:
        """Lay out what `sam local` runs: a copy of the build, so that the next build takes nothing away from it."""
        host = self._bridge or DOCKER_DESKTOP
        deployed = Deployed(self._deployed_parameters, environments(self.client))
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
        staged.chmod(0o755)  # functions in containers are another user
        shutil.copytree(built_in, staged, dirs_exist_ok=True)
        write_template(staged, deployed, access(self.emulator_url), host)
        (staged / _ADDRESSES).write_text(json.dumps(self._addresses()))
        with _lock(folder.with_name(f"{folder.name}.lock"), fcntl.LOCK_EX):
            shutil.rmtree(folder, ignore_errors=True)
            staged.rename(folder)

    def _addresses(self) -> dict[str, str]:
        return {service.variable: self._url(service) for service in self._held}

    # --- stopping -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop everything that was started. Can be called twice."""
        relays, self._relays = self._relays, []
        simulator, self._simulator = self._simulator, None
        emulator, self._emulator = self._emulator, None
        scratch, self._scratch = self._scratch, None
        if self._for_sam_local and simulator is not None and _read_addresses(self._for_sam_local) == self._addresses():
            (self._for_sam_local / _ADDRESSES).unlink()
        try:
            for relay in relays:
                relay.close()
            if simulator is not None:
                simulator.close()
        finally:
            if emulator is not None:
                _stop_group(emulator)
                if emulator.stdin is not None:
                    emulator.stdin.close()
            for held in self._held.values():
                held.close()
            if scratch is not None:
                shutil.rmtree(scratch, ignore_errors=True)


def build() -> Path:
    """Build for this machine, as `make build` does, unless nothing has changed since. Returns the folder."""
    with built() as folder:
        return folder


@contextmanager
def built() -> Iterator[Path]:
    """Build unless nothing has changed since, and keep others from building again while the folder is in use."""
    stamp = BUILD.parent / "stamp"

    def is_current() -> bool:
        return BUILD.is_dir() and stamp.is_file() and stamp.read_text() == _fingerprint(_architecture())

    BUILD.parent.mkdir(parents=True, exist_ok=True)
    with _lock(BUILD.parent / "lock", fcntl.LOCK_SH) as lock:
        while not is_current():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_current():  # the one who was here before may have built it
                _build(stamp)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield BUILD


def _build(stamp: Path) -> None:
    architecture = _architecture()
    fingerprint = _fingerprint(architecture)
    stamp.unlink(missing_ok=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    _sam(
        "build",
        [
            *("--cached", "--cache-dir", str(CACHE), "--build-dir", str(BUILD)),
            *("--parameter-overrides", f"Architecture={architecture}"),
        ],
        _BUILD_SECONDS,
        endpoint=_NOWHERE,
        logs=LOGS,
    )
    compile_build.compile_build(BUILD)
    stamp.write_text(fingerprint)


@contextmanager
def _lock(path: Path, kind: int) -> Iterator[IO[bytes]]:
    """Hold a lock that ends with this process at the latest. `kind`: as for `fcntl.flock`."""
    with path.open("ab") as file:
        fcntl.flock(file, kind)
        yield file


def _sam(verb: str, arguments: Sequence[str], seconds: float, *, endpoint: str, logs: Path) -> None:
    """Run the SAM CLI against that endpoint only; its output goes to a file and is shown when it fails."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-sam-") as home:
        _run_sam(verb, arguments, seconds, endpoint, Path(home), logs / f"sam-{verb}.log")


def _run_sam(verb: str, arguments: Sequence[str], seconds: float, endpoint: str, home: Path, log: Path) -> None:
    # Else it looks on the internet once a week for a newer version of itself.
    (home / "metadata.json").write_text(json.dumps({"telemetryEnabled": False, "lastVersionCheck": time.time()}))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "VIRTUAL_ENV"))},
        **ROOT_CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        # `sam build` looks for python3.13 there.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        # Seconds between two looks at the deployment; 5 unless told.
        "SAM_CLI_POLL_DELAY": "0.3",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(home),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - its words are this module's own
            [str(_sam_executable()), verb, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise StackError(f"`sam {verb}` did not end within {seconds:.0f} s.\n{_tail(log)}") from None
        finally:
            _stop_group(process)
    if status != 0:
        raise StackError(f"`sam {verb}` failed.\n{_tail(log)}")


def _made_up_config(settings: Mapping[str, Any]) -> SimulatorConfig:
    made_up: dict[str, Any] = {
        "app_secret": secrets.token_hex(16),
        "verify_token": secrets.token_urlsafe(24),
        "phone_number_id": "100000000000001",
        "access_token": secrets.token_urlsafe(48),
        "client_id": secrets.token_hex(4).upper(),
        "client_secret": secrets.token_hex(10),
        # As often as is tried out (see the parameters in samconfig.toml), and not as DigiLocker allows one citizen.
        "otp_sends": 1000,
        # As long as a sample event can be used (events/make.py).
        "authorization_code_seconds": 600.0,
    }
    return SimulatorConfig(**(made_up | dict(settings)))


def addresses() -> tuple[str, str]:
    """Return where `make run` has its local AWS and its stand-ins.

    The environment names the ports, or else the last `make run` to start has written them down. Raises StackError for
    an invalid port.
    """
    written = _read_addresses(FOR_SAM_LOCAL)

    def address(service: Service) -> str:
        named = service.named_port()
        usual = f"http://{LOOPBACK}:{named or service.usual_port}"
        return usual if named else written.get(service.variable, usual)

    return address(EMULATOR), address(CHAT)


def _read_addresses(folder: Path) -> dict[str, str]:
    try:
        written: dict[str, str] = json.loads((folder / _ADDRESSES).read_text())
    except FileNotFoundError:
        return {}
    return written


def access(emulator_url: str) -> dict[str, str]:
    """Return the environment in which an SDK calls the local AWS as its root, whatever account the shell is for."""
    return {
        **ROOT_CREDENTIALS,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": emulator_url,
        "AWS_REGION": REGION,
        "AWS_SESSION_TOKEN": "",
    }


def environments(client: Callable[[str], Any]) -> dict[str, dict[str, str]]:
    """Return the environment of each deployed function, by its logical id. `client` makes one for a service."""
    functions = client("lambda")
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    return {
        resource["LogicalResourceId"]: functions.get_function_configuration(
            FunctionName=resource["PhysicalResourceId"]
        )["Environment"]["Variables"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }


def _remove_old_logs() -> None:
    """Remove the logs of stacks that have written nothing for a week."""
    before = time.time() - _LOGS_KEPT_SECONDS
    for folder in LOGS.glob("*/"):
        with suppress(OSError):  # another stack may be doing the same
            if max(path.stat().st_mtime for path in (folder, *folder.iterdir())) < before:
                shutil.rmtree(folder, ignore_errors=True)


def _scratch_folder() -> Path | None:
    """Where there is memory for it, unpack the functions there: each start of one unpacks a thousand files."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it has a random name and is the owner's alone
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > _SCRATCH_BYTES else None


def _architecture() -> str:
    # The emulator runs the functions as processes of this machine.
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def _sam_executable() -> Path:
    sam = Path(sys.prefix) / "sam" / "bin" / "sam"
    if not sam.exists():
        raise StackError(f"The SAM CLI is missing ({sam}). `make run` sets it up.")
    return sam


def _samconfig_parameters() -> dict[str, str]:
    """Parameters of the environment `local` in samconfig.toml."""
    settings = tomllib.loads(SAMCONFIG.read_text())
    overrides = settings["local"]["deploy"]["parameters"].get("parameter_overrides", [])
    return dict(override.split("=", 1) for override in overrides)


def _fingerprint(architecture: str) -> str:
    """Changes whenever `sam build` could have another result."""
    digest = hashlib.sha256(f"{architecture} {sys.version}".encode())
    sources = [ROOT / "template.yaml", ROOT / "requirements-sam.txt", Path(compile_build.__file__)]
    for folder in ("functions", "layers"):
        sources += (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    for path in sorted(sources):
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(ROOT)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _direct_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy between here and the loopback
    return session


def _tail(log: Path, lines: int = 30) -> str:
    text = log.read_text(errors="replace").splitlines()
    return "\n".join([*text[-lines:], f"(the whole of it: {log.relative_to(ROOT)})"])


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started, first by asking."""
    for request in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, request)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
            if _group_ended(process.pid):
                return


def _group_ended(group: int) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return True
        time.sleep(0.02)
    return False


# --- make run ---------------------------------------------------------------------------------------------------------


class Progress:
    """Prints each step, and the seconds it took behind it."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._pending = False

    def __call__(self, line: str) -> None:
        """Print one of `LocalStack`'s reports."""
        if self._pending:
            print(f" {line:>7}", flush=True)
        else:
            print(f"  {line} ".ljust(52, "."), end="", flush=True)
        self._pending = not self._pending

    def broken_off(self) -> None:
        """End a line that waits for its seconds."""
        if self._pending:
            print(flush=True)
        self._pending = False


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Turn the signals that end a program into exceptions, so that `with` blocks are left in order."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    # A shell starts what runs in its background deaf to Ctrl-C.
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def citizens(chat_url: str) -> list[dict[str, Any]]:
    """The made-up citizens, as the stand-ins list them."""
    with _direct_session() as session:
        answer = session.get(f"{chat_url}/citizens", timeout=_CALL_SECONDS)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
    return found


def way_to_sign_in(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """The template's parameters and the simulator's settings for a value of `SignIn`; "": as samconfig.toml has it."""
    match name:
        case "":
            return {}, {}
        case "consent-page":
            # What a partner of today gets: the newer version, which has no in-chat way at all.
            return {"SignIn": name}, {"digilocker_version": "2.4"}
        case "in-chat" | "form":
            return {"SignIn": name}, {}
    raise StackError(f"SIGN_IN must be consent-page, in-chat or form, not {name!r}.")


def welcome(stack: LocalStack, seconds: float, *, on_page: bool) -> str:
    """Say what is up, where, and how to go on. `on_page`: citizens sign in on DigiLocker's own page."""
    citizen = citizens(stack.chat_url)[0]
    how = "say Hi; the OTP comes by SMS, on the same page"
    if on_page:
        how = f"say Hi, then Open DigiLocker; the OTP comes by SMS, on the chat page; PIN {EVERYBODYS_PIN}"
    notes = [
        f"\nPort {service.usual_port} is taken by another program: {service.name} has the next free one.\n"
        for service in stack.moved
    ]
    return f"""
The help desk is up ({seconds:.0f} s).

  Chat               {stack.chat_url}/
  A citizen to try   {citizen["phone"]} ({citizen["name"]}), Aadhaar number {citizen["aadhaar"]}
                     {how}
  Webhook            {stack.webhook_url}
  Local AWS          {stack.emulator_url}  (region {REGION}, key and secret: test)
  Logs               {stack.logs.relative_to(ROOT)}/
{"".join(notes)}
Ctrl-C stops it. Nothing is kept.
"""


def main() -> int:
    """Run until Ctrl-C."""
    progress = Progress()
    with stop_on_signals():
        try:
            print("Starting the help desk on this machine", flush=True)
            parameters, settings = way_to_sign_in(os.environ.get("SIGN_IN", ""))
            on_page = parameters.get("SignIn") == "consent-page"
            with LocalStack(
                parameters=parameters,
                simulator_settings=settings,
                emulator_ports=EMULATOR.ports_to_try(),
                chat_ports=CHAT.ports_to_try(),
                for_sam_local=FOR_SAM_LOCAL,
                tell=progress,
            ) as stack:
                print(welcome(stack, time.monotonic() - progress.began, on_page=on_page), flush=True)
                signal.pause()
        except KeyboardInterrupt:
            progress.broken_off()
            print("\nStopped.")
            return 0
        except StackError as error:
            progress.broken_off()
            print(f"\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
