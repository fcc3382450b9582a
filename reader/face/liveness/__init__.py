"""Presentation attack detection (ISO/IEC 30107-3): cues that each report a score, and one rule that adds them up.

A cue looks at one thing and decides nothing; ``rule`` decides and looks at nothing but cues.
"""
