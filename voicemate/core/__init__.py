"""The ground floor: events, errors, paths, PCM, the sample clock, worker threads."""
