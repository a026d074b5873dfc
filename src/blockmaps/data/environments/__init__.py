"""Tasks of control: their environments, the experts' policies, and episodes of a policy."""
