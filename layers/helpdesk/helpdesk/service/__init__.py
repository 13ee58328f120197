"""What the functions do: receive what WhatsApp delivers, work through the outbox, reply."""
