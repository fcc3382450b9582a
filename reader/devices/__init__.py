"""The only package that imports picamera2, pyscard, gpiozero, pygame.display and pygame.mixer.

Ports are in ``ports``; each adapter is a module chosen by name in the configuration, never by accident.
"""
