"""The engines of the daemon: loaded when needed, unloaded while nobody talks."""
