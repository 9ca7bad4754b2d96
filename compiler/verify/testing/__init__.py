"""The tests that a policy brings along: whether they hold, what they touch, and what they would notice."""
