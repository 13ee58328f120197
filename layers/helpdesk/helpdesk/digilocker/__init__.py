"""DigiLocker's partner API: client, answers, errors, and the sign-in in the chat.

Nothing is imported here: only the document function may pay for `requests` and `pydantic`.
"""
