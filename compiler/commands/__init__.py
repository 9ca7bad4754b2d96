"""The body of each command: one file, one `run`, its heavy imports at its top."""
