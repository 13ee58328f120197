"""The form in which she signs in (a WhatsApp Flow): its encryption, its requests, its tokens.

Nothing is imported here: only the form function has the library that `encryption` needs.
"""
