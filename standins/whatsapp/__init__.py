"""WhatsApp's Cloud API and the phones that it reaches."""
