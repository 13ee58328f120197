"""Pulling a document from its issuer into the citizen's account.

Source: "Authorized Partner API Specification" 1.x and "Requester" 2.4, "Pull Documents". What the hash of each call is
over is documented; that the directory's calls take an ordinary form is inferred.
"""

from collections.abc import Mapping

from helpdesk.conversation.offers import Parameter
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.errors import Endpoint, NotOffered
from helpdesk.digilocker.models import (
    DocumentType,
    DocumentTypes,
    Issuer,
    Issuers,
    Parameters,
    Pulled,
)
from helpdesk.telemetry import count


class PullClient:
    """The directory's calls, which are tried twice, and the pull itself, which never is."""

    def __init__(self, client: DigiLockerClient) -> None:
        self._client = client

    def issuers(self, seconds: float) -> tuple[Issuer, ...]:
        """List the organisations from which documents can be pulled."""
        path = "oauth2/1/pull/issuers"
        listed = self._client.signed(Endpoint.PULL_ISSUERS, path, Issuers, {}, "", seconds)
        count("DirectoryLeftOut", listed.left_out)
        return listed.to_value()

    def document_types(self, org_id: str, seconds: float) -> tuple[DocumentType, ...]:
        """List what one organisation issues."""
        path, fields = "oauth2/1/pull/doctype", {"orgid": org_id}
        listed = self._client.signed(Endpoint.PULL_DOCTYPES, path, DocumentTypes, fields, org_id, seconds)
        count("DirectoryLeftOut", listed.left_out)
        return listed.to_value()

    def parameters(self, org_id: str, doctype: str, seconds: float) -> tuple[Parameter, ...]:
        """List what the issuer wants to know; nothing where her Aadhaar number is enough.

        Raises `NotOffered` where it wants to know something that nobody can be asked for: it would find nothing.
        """
        path, fields = "oauth2/1/pull/parameters", {"orgid": org_id, "doctype": doctype}
        hashed = f"{org_id}{doctype}"
        told = self._client.signed(Endpoint.PULL_PARAMETERS, path, Parameters, fields, hashed, seconds)
        if told.left_out:
            raise NotOffered("(unusable parameter)")
        return told.to_value()

    def pull(self, token: str, org_id: str, doctype: str, values: Mapping[str, str], seconds: float) -> str:
        """Have the issuer look for a document and put it into the account. Returns its URI (personal data).

        `values` are by the parameters' names, as `Parameter.accept` gives them. The citizen must have consented.

        Raises `AlreadyThere`, `PullPending`, `NoRecord`, `NotOffered`, `AadhaarNotLinked`, `DetailsInvalid` (inferred),
        `RepositoryMisconfigured`, `RepositoryUnserved`, `InvalidToken`, `InsufficientScope`, and what all calls raise.
        """
        fields = {**values, "orgid": org_id, "doctype": doctype, "consent": "Y"}
        path = "oauth2/1/pull/pulldocument"
        return self._client.submitted(Endpoint.PULL_DOCUMENT, path, Pulled, token, fields, seconds).uri
