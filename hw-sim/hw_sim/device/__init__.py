"""What a booted device needs of the simulator: libcamera's virtual camera, and a screen that takes keys by socket."""
