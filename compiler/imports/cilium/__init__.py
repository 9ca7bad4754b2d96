"""Policies of Cilium: its custom resources, and rules in its own JSON."""
