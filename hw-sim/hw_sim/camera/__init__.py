"""The virtual camera: the port ``reader.devices.ports.Camera`` before virtual people. Knows nothing of attacks."""
