"""Signed A/B updates: what may be installed, when, and whether the new slot is good. No devices here."""
