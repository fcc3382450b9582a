"""Registry packages -> sha256-checked source files -> deterministic ONNX files. Used at build time, never on a device.

Nothing here may be imported by the rest of ``reader.face``: a kiosk only loads finished files through ``modelstore``.
"""
