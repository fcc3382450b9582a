"""Presentation attacks (ISO/IEC 30107-3) as scenes for the virtual camera, by species and seed.

Builds on ``hw_sim.people``; knows nothing of how the product defends itself.
"""
