"""Where weights come from: Python wheels and model hubs."""
