"""The push-to-talk key: one chord, seen wherever the keyboard's focus is, and no other key."""
