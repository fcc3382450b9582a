"""kaopi: the firmware of an open face-authentication card reader for clinics.

Facts flow one way: hardware -> ``devices`` -> facts -> ``session`` -> effects -> ``devices`` / ``uplink``.
"""
