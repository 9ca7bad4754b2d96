"""What a policy is and means: the model, flows, and `decide`."""
