"""Doubles and tools for tests and benchmarks: virtual clock, simulated room, scripted engines, word errors."""
