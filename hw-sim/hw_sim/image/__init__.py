"""The built image in an emulated machine: booted, set up, served at, updated and cut off from power."""
