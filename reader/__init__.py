"""kaopi: the firmware of an open face-authentication card reader for clinics.

Facts flow one way: hardware -> ``devices`` -> facts -> ``session`` -> effects -> ``devices`` / ``uplink``.
"""

import os

# onnxruntime 1.31 gives itself a device id, and keeps usage data to upload, from the moment it is imported. Only this,
# set before, stops it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
