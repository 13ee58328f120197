"""What the consent function is made of."""

import os
import time
from collections.abc import Mapping

from helpdesk.bootstrap import Clients, Clock, Sleep, aws_client, conversations
from helpdesk.languages.department import forms
from helpdesk.service.consent_pages import ConsentPages
from helpdesk.service.renderer import Renderer
from helpdesk.settings import ConsentSettings
from helpdesk.storage.sealing import Sealer
from helpdesk.storage.work import WorkQueue


def consenting(
    environment: Mapping[str, str] = os.environ,
    *,
    clock: Clock = time.time,
    sleep: Sleep = time.sleep,
    client: Clients = aws_client,
) -> ConsentPages:
    """Build what answers a browser. Raises SettingError."""
    settings = ConsentSettings.from_environment(environment)
    common = settings.common
    return ConsentPages(
        store=conversations(common, client("dynamodb"), clock),
        work=WorkQueue(client("sqs"), common.work_queue_url, common.reply_queue_url),
        seal=Sealer(client("kms"), common.data_key_arn, clock),
        rules=common.rules,
        number=settings.whatsapp_number,
        digilocker_url=settings.digilocker_url,
        asks_for_proof=settings.mobile_mismatch == "ask",
        facts=Renderer(
            common.rules.session_seconds,
            settings.link_expiry_seconds,
            consent_days=settings.consent_retention_days,
            names=forms() | {"department": settings.department},
        ).facts,
        clock=clock,
        sleep=sleep,
    )
