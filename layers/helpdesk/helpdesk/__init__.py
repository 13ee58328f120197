"""The help desk: government documents from DigiLocker, in a WhatsApp chat."""
