"""The state of the machine: screen lock, sleep, power source, process memory, desktop environment."""
