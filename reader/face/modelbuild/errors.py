"""The one error the model build raises."""

from __future__ import annotations


class BuildError(RuntimeError):
    """A model could not be built; the message says which, why, and what to do next."""
