"""Rendered card fronts and backs before a virtual slot camera, and what the reader makes of them. No real card here."""
