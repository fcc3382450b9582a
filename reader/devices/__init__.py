"""The only package that imports picamera2, pyscard, gpiozero, pygame.display and pygame.mixer.

Ports are in ``ports``; each adapter is a module chosen by name in the configuration, never by accident.
"""

import os

# pygame greets on standard output, where `kaopi doctor --json` speaks to a machine.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
