"""Pulling a document from its issuer into the locker: `pull/issuers`, `doctype`, `parameters` and `pulldocument`.

Documented: the fields, the hashes, the codes and what they mean. Ours: `invalid_parameter` for a `pulldocument` without
consent or with a missing value, and the shapes of `categories` and `valuelist`, which come in both ways that occur, one
in each edition.
"""

import json

from flask import Response, request

from standins.digilocker.accounts import Session
from standins.digilocker.directory import Kind, Organisation, organisation, organisations
from standins.digilocker.errors import ApiError
from standins.digilocker.signed import is_recent, is_right
from standins.world import World


class PullApi:
    """The four views."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._config = world.config

    def issuers(self) -> Response:
        self._check_signature()
        newer = self._config.digilocker_version == "2.4"
        listed = [
            {
                "orgid": one.org_id,
                "issuerid": one.issuer_id,
                "name": one.name,
                **({"category": one.category} if newer else {"categories": [one.category]}),
                "description": one.description,
            }
            for one in organisations()
        ]
        return _json({"issuers": listed})

    def doctypes(self) -> Response:
        self._check_signature("orgid")
        kinds = self._organisation("invalid_parameter").kinds
        return _json({"documents": [{"doctype": one.doctype, "description": one.description} for one in kinds]})

    def parameters(self) -> Response:
        self._check_signature("orgid", "doctype")
        kind = self._kind(self._organisation("invalid_parameter"), "invalid_parameter")
        newer = self._config.digilocker_version == "2.4"
        return _json(
            [
                {
                    "label": one.label,
                    "paramname": one.name,
                    "valuelist": list(one.values) if newer else ",".join(one.values),
                    "example": one.example,
                }
                for one in kind.parameters
            ]
        )

    def document(self, session: Session) -> Response:
        """Have the issuer look for the document, and put it into the locker."""
        form = request.form.to_dict()
        if form.get("consent") != "Y":
            raise ApiError("invalid_parameter", "Consent parameter is missing or invalid")
        issuer = self._organisation("invalid_orgid")
        kind = self._kind(issuer, "invalid_doctype")
        with self._world.lock:
            citizen = session.citizen
            if not citizen.aadhaar_linked:
                raise ApiError("aadhaar_not_linked")
            for one in kind.parameters:
                if not form.get(one.name, "").strip():
                    raise ApiError("invalid_parameter", f"{one.name} parameter is missing or invalid")
            records = [
                one
                for one in citizen.records
                if (one.document.issuer_id, one.document.doctype) == (issuer.issuer_id, kind.doctype)
            ]
            record = next((one for one in records if one.fits(form)), None)
            if record is None:
                named = any(one.is_named(form) for one in records)
                raise ApiError("pull_response_pending" if named else "record_not_found")
            if record.error:
                raise ApiError(record.error)
            if any(one.uri == record.document.uri for one in citizen.issued):
                raise ApiError("uri_exists")
            self._world.accounts.put_into_locker(session, record.document)
        return _json({"uri": record.document.uri})

    def _organisation(self, error: str) -> Organisation:
        found = organisation(request.form.get("orgid", ""))
        if found is None:
            raise ApiError(error)
        return found

    def _kind(self, issuer: Organisation, error: str) -> Kind:
        found = issuer.kind(request.form.get("doctype", ""))
        if found is None:
            raise ApiError(error)
        return found

    def _check_signature(self, *names: str) -> None:
        """Check client, time stamp and the hash over the named fields. Raises ApiError."""
        form = request.form
        ts = form.get("ts", "")
        if form.get("clientid") != self._config.client_id:
            raise ApiError("invalid_client_id")
        if not is_recent(ts, self._config, self._world.clock):
            raise ApiError("invalid_parameter", "Timestamp parameter is missing or invalid")
        if not is_right(form.get("hmac", ""), self._config, *(form.get(name, "") for name in names), ts):
            raise ApiError("invalid_parameter", "HMAC parameter is missing or invalid")


def _json(body: object) -> Response:
    return Response(json.dumps(body), content_type="application/json")
