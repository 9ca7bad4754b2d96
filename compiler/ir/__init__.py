"""The decision IR: a policy over selector bits, before it becomes C."""
