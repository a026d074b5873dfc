"""Training: minibatches, the Lightning module of a bank, checkpoints, and a shard's run."""
