"""The pure heart: what happens next, given what has just happened.

Only the standard library may be imported here; no clock, no I/O, no randomness, no secret.
"""
