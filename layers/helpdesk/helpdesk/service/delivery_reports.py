"""What WhatsApp reports of a message that carried a document or the form, and what follows from it."""

from helpdesk.conversation.effects import DeliverDocument, OfferForm
from helpdesk.conversation.events import DeliveryFailed, FormNotShown
from helpdesk.service.callback_data import Tracker, read_form, read_tracking
from helpdesk.service.identity import following
from helpdesk.storage.documents import DocumentStore
from helpdesk.storage.work import Delivered, FormUndelivered, Undelivered
from helpdesk.telemetry import count, logger


class DeliveryReports:
    """Believes what was written on messages of ours, and nothing else."""

    def __init__(self, tracker: Tracker, documents: DocumentStore) -> None:
        self._tracker = tracker
        self._documents = documents

    def followed(self, report: Delivered | Undelivered | FormUndelivered) -> DeliveryFailed | FormNotShown | None:
        """Return what happens in the conversation. A document that has arrived is not needed any more."""
        if isinstance(report, FormUndelivered):
            return self._of_form(report)
        claimed = read_tracking(report.callback)
        if (
            claimed is None
            or claimed.tracking.conversation_id != report.conversation_id
            or not self._tracker.is_ours(claimed.tracking, claimed.signature)
        ):
            # Sent by a version that signed nothing, or forged. Its PDF is deleted by its timer.
            _note_ignored()
            return None
        sent = claimed.tracking
        if isinstance(report, Delivered):
            self._documents.delete(sent.key)
            logger.info("a document has arrived")
            return None
        return _not_delivered(sent.key, sent.number, sent.listing, uploaded=sent.uploaded)

    def _of_form(self, report: FormUndelivered) -> FormNotShown | None:
        claimed = read_form(report.callback)
        is_hers = claimed is not None and claimed.conversation_id == report.conversation_id
        if claimed is None or not is_hers or not self._tracker.is_our_form(claimed):
            _note_ignored()
            return None
        return _not_shown(claimed.mark)


def refused(reply: DeliverDocument | OfferForm) -> DeliveryFailed | FormNotShown:
    """Return what happens when WhatsApp refuses a reply at once: the same as when it reports so later."""
    if isinstance(reply, OfferForm):
        return _not_shown(reply.mark)
    return _not_delivered(reply.key, reply.number, reply.listing, uploaded=reply.uploaded)


def _not_delivered(key: str, number: int, listing: str, *, uploaded: bool) -> DeliveryFailed:
    return DeliveryFailed(following(f"{key} {uploaded}"), key, number, listing, uploaded)


def _not_shown(mark: str) -> FormNotShown:
    count("FormsNotShown")
    return FormNotShown(following(f"{mark} not shown"), mark)


def _note_ignored() -> None:
    count("ReportsUnsigned")
    logger.warning("a report was ignored", extra={"reason": "not signed by us"})
