"""Doubles for tests and benchmarks: virtual clock, simulated room, background noise, word errors."""
