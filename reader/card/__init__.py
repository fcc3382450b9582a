"""ISO 7816-4 over a connection: APDU layer with deny-list, card applications, signatures, photo.

No module here imports pyscard: connections come from ``reader.devices``.
"""
