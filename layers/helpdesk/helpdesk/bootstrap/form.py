"""What the form function is made of."""

import os
import time
from collections.abc import Mapping

from helpdesk.bootstrap import Clients, Clock, Sleep, aws_client, conversations, read_secret
from helpdesk.languages.department import forms
from helpdesk.service.form_endpoint import FormEndpoint
from helpdesk.service.form_screens import FormScreens
from helpdesk.service.form_steps import FormSteps
from helpdesk.service.renderer import Renderer
from helpdesk.settings import FormSettings
from helpdesk.storage.form_answers import FormAnswers
from helpdesk.storage.form_key import FormKey
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.work import WorkQueue


def endpoint(
    environment: Mapping[str, str] = os.environ,
    *,
    clock: Clock = time.time,
    sleep: Sleep = time.sleep,
    client: Clients = aws_client,
) -> FormEndpoint:
    """Build what answers requests of forms. Raises SettingError."""
    settings = FormSettings.from_environment(environment)
    common = settings.common
    secrets, dynamodb, kms = client("secretsmanager"), client("dynamodb"), client("kms")
    identity = read_secret(secrets, settings.identity_secret_arn, "IdentitySecret", clock)
    return FormEndpoint(
        steps=FormSteps(
            store=conversations(common, dynamodb, clock),
            answers=FormAnswers(dynamodb, common.table, clock),
            work=WorkQueue(client("sqs"), common.work_queue_url, common.reply_queue_url),
            seal=Sealer(kms, common.data_key_arn, clock),
            pepper=lambda: identity.text("id_pepper"),
            rules=common.rules,
            clock=clock,
            sleep=sleep,
        ),
        screens=FormScreens(
            Renderer(
                common.rules.session_seconds,
                settings.link_expiry_seconds,
                consent_days=settings.consent_retention_days,
                names=forms() | {"department": settings.department},
            )
        ),
        key=FormKey(kms, settings.form_key_arn),
        secret=read_secret(secrets, settings.webhook_secret_arn, "WebhookSecret", clock),
        identity=identity,
        clock=clock,
    )
