"""The runtime: loads an artifact, enforces it, and shows what it does."""
