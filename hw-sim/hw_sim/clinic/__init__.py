"""The clinic PC's peer: sample results of every outcome, and a desk for scenarios."""
