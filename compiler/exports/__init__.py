"""Resolved policies as objects of Kubernetes and Cilium: each statement where it can be said, or why not."""
