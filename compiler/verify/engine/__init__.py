"""Exact answers about whole policies: every flow there is as atoms, every rule as boxes of them."""
