"""The hall where hearing, thinking and speaking meet: the floor, the turn, the session, the history."""
