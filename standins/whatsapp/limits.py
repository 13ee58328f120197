"""What a message may hold: every documented limit, checked on its own, whatever the sender thinks of it.

Lengths are counted in UTF-16 code units: which unit Meta counts is not documented, this is the strictest likely one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from standins.whatsapp.errors import GraphError, invalid, missing

TEXT_BODY = 4096
INTERACTIVE_BODY = 1024
CAPTION = 1024
HEADER_TEXT = 60
FOOTER = 60
BUTTONS = 3
BUTTON_ID = 256
BUTTON_TITLE = 20
ROWS = 10
SECTIONS = 10
SECTION_TITLE = 24
ROW_ID = 200
ROW_TITLE = 24
ROW_DESCRIPTION = 72
LIST_BUTTON = 20
LINK_TEXT = 20
FLOW_TEXT = 30
CALLBACK_DATA = 512

MEDIA_KINDS = ("image", "video", "audio", "document", "sticker")
_MEBIBYTE = 1024 * 1024
MEDIA_TYPES: dict[str, dict[str, int]] = {
    "document": dict.fromkeys(
        (
            "application/pdf",
            "text/plain",
            "application/msword",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.ms-excel",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        100 * _MEBIBYTE,
    ),
    "image": dict.fromkeys(("image/jpeg", "image/png"), 5 * _MEBIBYTE),
    "video": dict.fromkeys(("video/mp4", "video/3gpp"), 16 * _MEBIBYTE),
    "audio": dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * _MEBIBYTE),
    "sticker": {"image/webp": 500 * 1024},
}
"""Types that each kind of message takes, with the greatest size in bytes."""

_TYPES = ("text", "interactive", *MEDIA_KINDS, "location", "contacts", "reaction", "template")


def length(text: str) -> int:
    """Return the number of UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def check(message: Mapping[str, Any], list_body_limit: int = INTERACTIVE_BODY) -> None:
    """Raise the GraphError that the message's content deserves, if any."""
    kind = message.get("type", "text")
    if kind not in _TYPES:
        raise GraphError(131051)
    content = {"contacts": message.get(kind)} if kind == "contacts" else message.get(kind)
    if not isinstance(content, Mapping):
        raise missing(kind)
    callback_data = message.get("biz_opaque_callback_data", "")
    if not isinstance(callback_data, str) or length(callback_data) > CALLBACK_DATA:
        raise _too_long("biz_opaque_callback_data", CALLBACK_DATA)
    if kind == "text":
        _check_text(content)
    elif kind == "interactive":
        _check_interactive(content, list_body_limit)
    elif kind in MEDIA_KINDS:
        _check_media(kind, content)
    elif kind == "reaction":
        _required(content, "reaction", "message_id")
    elif kind == "template":
        _required(content, "template", "name")
        if not isinstance(content.get("language"), Mapping):
            raise missing("template['language']")


def media_of(message: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Return kind and content of the media in a message, be it the message itself or its header."""
    kind = message.get("type", "text")
    if kind in MEDIA_KINDS:
        return kind, message[kind]
    if kind == "interactive":
        header = message["interactive"].get("header") or {}
        if header.get("type") in MEDIA_KINDS:
            return header["type"], header[header["type"]]
    return None


def _too_long(field: str, limit: int) -> GraphError:
    return GraphError(100, message=f"(#100) Param {field} must be at most {limit} characters long.")


def _required(content: Mapping[str, Any], parent: str, field: str) -> str:
    value = content.get(field)
    if not isinstance(value, str) or not value.strip():
        raise missing(f"{parent}['{field}']")
    return value


def _check_text(content: Mapping[str, Any]) -> None:
    if length(_required(content, "text", "body")) > TEXT_BODY:
        raise _too_long("text['body']", TEXT_BODY)
    if not isinstance(content.get("preview_url", False), bool):
        raise GraphError(100, message="(#100) Param text['preview_url'] must be a boolean.")


def _check_media(kind: str, content: Mapping[str, Any]) -> None:
    link, media_id = content.get("link"), content.get("id")
    if not link and not media_id:
        raise GraphError(131008, f"Either {kind}['link'] or {kind}['id'] is required")
    if link and media_id:
        raise invalid(f"{kind}: give either link or id, not both")
    if link and not (isinstance(link, str) and link.startswith(("http://", "https://"))):
        raise GraphError(100, message=f"(#100) Param {kind}['link'] is not a valid URL.")
    if media_id and not isinstance(media_id, str):
        raise GraphError(100, message=f"(#100) Param {kind}['id'] must be a string.")
    caption = content.get("caption", "")
    if not isinstance(caption, str) or length(caption) > CAPTION:
        raise _too_long(f"{kind}['caption']", CAPTION)
    if not isinstance(content.get("filename", ""), str):
        raise GraphError(100, message=f"(#100) Param {kind}['filename'] must be a string.")


def _check_interactive(content: Mapping[str, Any], list_body_limit: int) -> None:
    kind = content.get("type")
    action = content.get("action")
    if kind not in {"button", "list", "cta_url", "flow", "location_request_message"}:
        raise invalid("Interactive type is not supported")
    if not isinstance(action, Mapping):
        raise missing("interactive['action']")
    body = content.get("body")
    if not isinstance(body, Mapping):
        raise missing("interactive['body']")
    text = _required(body, "interactive['body']", "text")
    limit = list_body_limit if kind == "list" else INTERACTIVE_BODY
    if length(text) > limit:
        raise invalid(f"Body text length invalid. Min length: 1, Max length: {limit}")
    _check_frame(kind, content)
    match kind:
        case "button":
            _check_buttons(action)
        case "list":
            _check_list(action)
        case "cta_url":
            _check_link(action)
        case "flow":
            _check_flow(action)
        case _:
            if action.get("name") != "send_location":
                raise invalid("Action name must be send_location")


def _check_frame(kind: str, content: Mapping[str, Any]) -> None:
    """Check header and footer."""
    footer = content.get("footer")
    if footer is not None:
        _between(footer.get("text") if isinstance(footer, Mapping) else None, "Footer text", FOOTER)
    header = content.get("header")
    if header is None:
        return
    header_kind = header.get("type") if isinstance(header, Mapping) else None
    if kind == "list" and header_kind != "text":
        raise invalid("Header type invalid for a list: only text is supported")
    if kind == "location_request_message" or header_kind not in {"text", "image", "video", "document"}:
        raise invalid("Header type invalid")
    if header_kind == "text":
        _between(header.get("text"), "Header text", HEADER_TEXT)
        return
    media = header.get(header_kind)
    if not isinstance(media, Mapping):
        raise missing(f"interactive['header']['{header_kind}']")
    _check_media(header_kind, media)


def _between(value: object, what: str, limit: int) -> str:
    if not isinstance(value, str) or not value.strip() or length(value) > limit:
        raise invalid(f"{what} length invalid. Min length: 1, Max length: {limit}")
    return value


def _mappings(value: object, what: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise missing(what)
    return value


def _check_buttons(action: Mapping[str, Any]) -> None:
    buttons = _mappings(action.get("buttons"), "interactive['action']['buttons']")
    if not 1 <= len(buttons) <= BUTTONS:
        raise invalid(f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {BUTTONS}")
    ids, titles = set(), set()
    for button in buttons:
        reply = button.get("reply")
        if button.get("type") != "reply" or not isinstance(reply, Mapping):
            raise invalid("Button type invalid: only reply is supported")
        titles.add(_between(reply.get("title"), "Button title", BUTTON_TITLE))
        ids.add(_between(reply.get("id"), "Button id", BUTTON_ID))
    if len(ids) < len(buttons):
        raise invalid("Button ids are not unique")
    if len(titles) < len(buttons):
        raise invalid("Button titles are not unique")


def _check_list(action: Mapping[str, Any]) -> None:
    _between(action.get("button"), "List button", LIST_BUTTON)
    sections = _mappings(action.get("sections"), "interactive['action']['sections']")
    if not 1 <= len(sections) <= SECTIONS:
        raise invalid(f"Invalid sections count. Min allowed sections: 1, Max allowed sections: {SECTIONS}")
    ids: list[str] = []
    for section in sections:
        title = section.get("title")
        if len(sections) > 1 and not title:
            raise invalid("Section title is required when there is more than one section")
        if title is not None and (not isinstance(title, str) or length(title) > SECTION_TITLE):
            raise invalid(f"Section title is too long. Max length is {SECTION_TITLE}")
        rows = _mappings(section.get("rows"), "interactive['action']['sections']['rows']")
        if not rows:
            raise invalid("Section has no rows")
        ids += [_checked_row(row) for row in rows]
    if len(ids) > ROWS:
        raise invalid(f"Total row count exceed max allowed count: {ROWS}")
    if len(set(ids)) < len(ids):
        raise invalid("Row ids are not unique")


def _checked_row(row: Mapping[str, Any]) -> str:
    title, description = row.get("title"), row.get("description", "")
    if not isinstance(title, str) or not title.strip():
        raise invalid("Row title is required")
    if length(title) > ROW_TITLE:
        raise invalid(f"Row title is too long. Max length is {ROW_TITLE}")
    if not isinstance(description, str) or length(description) > ROW_DESCRIPTION:
        raise invalid(f"Row description is too long. Max length is {ROW_DESCRIPTION}")
    return _between(row.get("id"), "Row id", ROW_ID)


def _parameters(action: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    parameters = action.get("parameters")
    if action.get("name") != name or not isinstance(parameters, Mapping):
        raise invalid(f"Action name must be {name}, with parameters")
    return parameters


def _check_link(action: Mapping[str, Any]) -> None:
    parameters = _parameters(action, "cta_url")
    _between(parameters.get("display_text"), "Display text", LINK_TEXT)
    url = parameters.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise invalid("URL is not valid")


def _check_flow(action: Mapping[str, Any]) -> None:
    parameters = _parameters(action, "flow")
    _between(parameters.get("flow_cta"), "Flow cta", FLOW_TEXT)
    if parameters.get("flow_message_version") != "3":
        raise invalid("flow_message_version must be 3")
    if bool(parameters.get("flow_id")) == bool(parameters.get("flow_name")):
        raise invalid("Either flow_id or flow_name is required")
