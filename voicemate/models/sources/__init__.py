"""Sources of model files: Python wheels and model hubs."""
