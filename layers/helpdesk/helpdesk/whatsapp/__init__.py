"""The WhatsApp Cloud API: signature, webhook, messages, client and errors.

Nothing is imported here: the webhook function needs `signature` and `webhook` only, and its cold start counts.
"""
