"""The settings: schema, loading, editing and checking."""
