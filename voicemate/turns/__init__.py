"""Whose turn it is: the floor, the end of a turn, interruptions, spoken commands."""
