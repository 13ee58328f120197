"""DigiLocker's partner API with made-up citizens."""
