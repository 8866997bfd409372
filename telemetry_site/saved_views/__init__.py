"""Lists of sessions that somebody gave a name to."""
