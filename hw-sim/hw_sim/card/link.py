"""How long a Type B card takes: bits on the air, frames, the card's own work. A model with named, sourced numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkModel:
    """Timing of an ISO/IEC 14443 Type B link and of the chip behind it; times in seconds.

    bit_rate: 106, 212, 424 or 848 kbit/s (ISO/IEC 14443-4 §5); readers start at 106 and most cards take 424.
    bits_per_byte: start bit, 8 data bits, stop bit (ISO/IEC 14443-3 §7.1.1), and extra guard time of 2 bits.
    frame_bits: SOF (12..14), EOF (10..11), TR0 and TR1 minimum (ISO/IEC 14443-3 §7.1.4-7.1.6) per frame.
    frame_bytes: largest frame of 256 (FSDI/FSCI 8); protocol_bytes: PCB and 2 CRC bytes per frame.
    command_s: the chip's dispatch, memory and check of a plain command. verify_s: counter written to NVM before
    comparing. rsa_s: private operation of RSA-2048; ec_s: of P-384. Chip figures are typical of published
    smart-card benchmarks (JCAlgTest, jcalgtest.org), not measured on a My Number Card.
    usb_s: one USB full-speed bulk exchange with the reader each way, 1 ms frames (USB 2.0 §5.8.4).
    """

    bit_rate: float = 424_000.0
    bits_per_byte: float = 12.0
    frame_bits: float = 60.0
    frame_bytes: int = 256
    protocol_bytes: int = 3
    command_s: float = 0.004
    verify_s: float = 0.015
    rsa_s: float = 0.35
    ec_s: float = 0.18
    usb_s: float = 0.002

    def seconds(self, apdu: bytes, response: bytes) -> float:
        """Time from the host's sending ``apdu`` to its having ``response``."""
        return self.air_s(len(apdu)) + self.air_s(len(response)) + self.usb_s + self.work_s(apdu, response)

    def air_s(self, count: int) -> float:
        """Time on the air of ``count`` bytes in one direction."""
        frames = max(1, math.ceil(count / (self.frame_bytes - self.protocol_bytes)))
        bits = (count + frames * self.protocol_bytes) * self.bits_per_byte + frames * self.frame_bits
        return bits / self.bit_rate

    def work_s(self, apdu: bytes, response: bytes) -> float:
        """Time the chip works on a command."""
        if len(apdu) < 2 or response[-2:] != b"\x90\x00":
            return self.command_s
        if apdu[1] == 0x2A:
            return self.command_s + (self.ec_s if len(response) < 200 else self.rsa_s)
        if apdu[1] == 0x20 and len(apdu) > 5:
            return self.command_s + self.verify_s
        return self.command_s


INSTANT = LinkModel(bit_rate=math.inf, command_s=0.0, verify_s=0.0, rsa_s=0.0, ec_s=0.0, usb_s=0.0)
SLOW_LINK = LinkModel(bit_rate=106_000.0)

Sleep = Callable[[float], None]


class TimedLink:
    """Applies a model to a clock: ``sleep`` is ``time.sleep``, or a virtual clock's own."""

    def __init__(self, model: LinkModel, sleep: Sleep, extra_delay_s: float = 0.0) -> None:
        self.model = model
        self.extra_delay_s = extra_delay_s
        self.spent_s = 0.0
        self._sleep = sleep

    def wait(self, apdu: bytes, response: bytes) -> None:
        """Let the time pass that the exchange takes."""
        self.rest(self.model.seconds(apdu, response) + self.extra_delay_s)

    def rest(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self.spent_s += seconds
        if seconds > 0:
            self._sleep(seconds)
