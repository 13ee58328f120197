"""What the functions do: receive what WhatsApp delivers, work on what stands in the outbox, reply."""
