"""What happens to the machine around a conversation: its screen is locked, it sleeps, its battery runs low."""
