"""Microphone, loudspeaker, devices, and the simulated room that stands in for them."""
