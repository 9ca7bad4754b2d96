"""Exact questions about sets of texts and sets of requests, each answer with a shortest witness."""
