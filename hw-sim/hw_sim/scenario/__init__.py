"""Scenarios as readable files, and the runners that play them on a real kiosk with real or virtual time."""
