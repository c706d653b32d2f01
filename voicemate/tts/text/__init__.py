"""From a streaming reply to phrases: markup, sentence boundaries, stage directions."""
