"""What the end-to-end tests hold in their hands: the same phone as the demo's."""

from standins.phone import Bubble, NotAnsweredError, Phone

__all__ = ["Bubble", "NotAnsweredError", "Phone"]
