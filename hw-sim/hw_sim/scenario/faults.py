"""Every way in which a part can fail during a scenario; the runners carry out what is named here.

Cards that are bad from the start are no faults but cards (``hw_sim.card.personas``), and badly lying ones ``front``.
"""

from __future__ import annotations

from enum import StrEnum


class FaultKind(StrEnum):
    """What happens. A kind that ends in ``_ok``, or undoes the one before it, mends."""

    # -- camera ----------------------------------------------------------------------------------------------------
    CAMERA_HANG = "camera_hang"  # never another picture
    CAMERA_SLOW = "camera_slow"  # one every two seconds
    CAMERA_BLACK = "camera_black"
    CAMERA_WHITE = "camera_white"
    CAMERA_FROZEN = "camera_frozen"  # the same one for ever, with new times
    CAMERA_TORN = "camera_torn"  # half of each is old
    CAMERA_WRONG_SIZE = "camera_wrong_size"
    CAMERA_UNPLUG = "camera_unplug"
    CAMERA_OK = "camera_ok"
    # -- card and reader -------------------------------------------------------------------------------------------
    CARD_SLOW = "card_slow"  # a second for every answer
    CARD_MUTE = "card_mute"  # no answer any more
    CARD_GARBAGE = "card_garbage"  # noise instead of answers
    CARD_OK = "card_ok"
    READER_UNPLUG = "reader_unplug"
    READER_PLUG = "reader_plug"
    READER_FLAP = "reader_flap"  # a loose plug: away and back three times within a second
    PCSCD_STOP = "pcscd_stop"
    PCSCD_START = "pcscd_start"
    # -- broker, network, desk -------------------------------------------------------------------------------------
    BROKER_STOP = "broker_stop"
    BROKER_START = "broker_start"
    BROKER_SLOW = "broker_slow"  # every delivery takes three seconds
    BROKER_HALF_OPEN = "broker_half_open"  # the connection looks well and carries nothing
    BROKER_LOSES = "broker_loses"  # every second delivery, after a PUBACK
    BROKER_DOUBLES = "broker_doubles"  # every delivery comes twice
    BROKER_OK = "broker_ok"
    NETWORK_CUT = "network_cut"  # the kiosk's cable
    NETWORK_OK = "network_ok"
    DESK_STOP = "desk_stop"
    DESK_START = "desk_start"
    DESK_DISK_FULL = "desk_disk_full"
    DESK_DISK_OK = "desk_disk_ok"
    # -- the kiosk's disk ------------------------------------------------------------------------------------------
    DISK_FULL = "disk_full"
    DISK_READ_ONLY = "disk_read_only"
    DISK_ERROR = "disk_error"  # EIO
    DISK_SLOW = "disk_slow"  # three seconds for an fsync
    DISK_OK = "disk_ok"
    OUTBOX_FULL = "outbox_full"  # as many results wait as may
    OUTBOX_OK = "outbox_ok"
    # -- clock and temperature -------------------------------------------------------------------------------------
    CLOCK_HOUR_AHEAD = "clock_hour_ahead"  # a step, as when time is synchronised at last
    CLOCK_HOUR_BACK = "clock_hour_back"
    CLOCK_YEAR_AHEAD = "clock_year_ahead"
    CLOCK_YEAR_BACK = "clock_year_back"
    CLOCK_UNSET = "clock_unset"  # no battery and no network: 1 January 1970, not synchronised
    CLOCK_OK = "clock_ok"
    WARM = "warm"  # warm enough to ease off
    FIRMWARE_SLOWS = "firmware_slows"  # the board is throttled, whatever its sensor says
    TOO_HOT = "too_hot"
    COOLED = "cooled"
    # -- threads and processes -------------------------------------------------------------------------------------
    WORKER_DIES = "worker_dies"  # ``worker`` says which
    WORKER_HANGS = "worker_hangs"
    MAIN_HANGS = "main_hangs"
    KIOSK_DIES = "kiosk_dies"  # SIGKILL
    DECODER_DIES = "decoder_dies"  # the child that decodes the next photo
    UPLINK_DIES = "uplink_dies"
    UPLINK_HANGS = "uplink_hangs"


OF_A_WORKER = frozenset({FaultKind.WORKER_DIES, FaultKind.WORKER_HANGS})
