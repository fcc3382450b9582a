"""Virtual patients: photographs, faces in three dimensions, poses, light, and the pictures a camera takes of them.

Knows no device and no attack; ``hw_sim.camera`` and ``hw_sim.attackers`` stand on it.
"""
