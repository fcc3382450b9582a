"""Frame -> detection -> light and quality -> liveness -> 1:1 match.

Pixels and embeddings live and die here and in the vault.
"""
