"""WhatsApp: chats that a clinic exports from its telephone."""
