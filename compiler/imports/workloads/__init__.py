"""Pods, what makes them, and what a cluster has beside them, as an inventory."""
