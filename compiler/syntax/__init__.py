"""Text to tree and back: `parse`, the nodes in `tree`, and `format`."""
