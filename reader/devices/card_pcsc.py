"""The card slot over PC/SC (pcscd), by pyscard's thin ``scard`` layer.

pyscard's monitor threads die for good when pcscd restarts, so ``poll`` asks SCardGetStatusChange itself and opens a
new context after every error of the service. Cards are held exclusively and reset on close: a verified PIN must not
outlive its patient. Source: PC/SC Workgroup part 5, pcsc-lite API.
"""

from __future__ import annotations

import importlib
import time
from collections import deque
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from pydantic import Field

from reader.card.connection import CardConnection, CardConnectionError, CardGone
from reader.devices.ports import DeviceError, DeviceGone, SlotChange
from reader.devices.settings import Settings, read_settings

PNP: Final = "\\\\?PnP?\\Notification"  # pcscd's pseudo reader: changes when a reader comes or goes
_LOOK_MS: Final = 500
_SLICE_S: Final = 0.5  # longest single wait, so that a closing kiosk never waits longer

# Return codes as unsigned 32 bit; pyscard gives them signed or unsigned depending on the platform.
_NO_SERVICE: Final = frozenset(
    {
        0x8010001D,  # SCARD_E_NO_SERVICE
        0x8010001E,  # SCARD_E_SERVICE_STOPPED
        0x80100003,  # SCARD_E_INVALID_HANDLE
        0x80100013,  # SCARD_F_COMM_ERROR
        0x80100001,  # SCARD_F_INTERNAL_ERROR
    }
)
_NO_READERS: Final = 0x8010002E
_UNKNOWN_READER: Final = 0x80100009
_READER_UNAVAILABLE: Final = 0x80100017
_TIMEOUT: Final = 0x8010000A
_SHARING: Final = 0x8010000B
_NO_CARD: Final = 0x8010000C
_REMOVED: Final = 0x80100069
_RESET: Final = 0x80100068
_UNPOWERED: Final = 0x80100067
_UNRESPONSIVE: Final = 0x80100066
_NOT_TRANSACTED: Final = 0x80100016
_ACCESS_DENIED: Final = 0x8010006A


class PcscSettings(Settings):
    """Settings of ``card_reader.pcsc``."""

    only: str | None = Field(default=None, description="Part of a reader's name; unset takes every reader.")


def _load() -> ModuleType:
    try:
        module = importlib.import_module("smartcard.scard")
    except ImportError as error:
        raise DeviceError(
            "pyscard is missing: install the distribution's python3-pyscard, or `pip install kaopi[pcsc]` "
            "(which needs gcc and libpcsclite-dev)"
        ) from error
    return module


def _code(value: int) -> int:
    return value & 0xFFFFFFFF


class PcscStopped(DeviceGone):
    """pcscd itself is away or refuses us, as opposed to a reader that is unplugged."""

    service_stopped = True


def _service_error(code: int) -> DeviceGone:
    if code == _ACCESS_DENIED:
        return PcscStopped("pcscd refuses this user: install the polkit rule of systemd/, then restart pcscd")
    if code in _NO_SERVICE:
        return PcscStopped(f"pcscd does not answer (0x{code:08X}): `systemctl start pcscd.socket`")
    return DeviceGone(f"PC/SC failed (0x{code:08X})")


class PcscConnection:
    """One card, held exclusively."""

    def __init__(self, scard: ModuleType, context: Any, handle: Any, protocol: int, reader: str) -> None:
        self._scard = scard
        self._context = context
        self._handle = handle
        self._pci = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
        self._reader = reader

    def transmit(self, apdu: bytes) -> bytes:
        """See CardConnection.transmit."""
        if self._handle is None:
            raise CardGone("the connection is closed")
        result, response = self._scard.SCardTransmit(self._handle, self._pci, list(apdu))
        code = _code(result)
        if code == 0 and len(response) >= 2:
            return bytes(response)
        if code in (_REMOVED, _RESET, _UNPOWERED, _NO_CARD, _READER_UNAVAILABLE) or code in _NO_SERVICE:
            raise CardGone(f"the card or its reader is gone (0x{code:08X})")
        # A pulled card and a card that says nothing look alike here; the reader's state tells them apart.
        if not self._present():
            raise CardGone("the card was pulled")
        raise CardConnectionError(f"the card gave no answer (0x{code:08X})")

    def _present(self) -> bool:
        scard = self._scard
        result, states = scard.SCardGetStatusChange(self._context, 0, [(self._reader, scard.SCARD_STATE_UNAWARE)])
        if _code(result) != 0 or not states[0][1] & scard.SCARD_STATE_PRESENT:
            return False
        # The service looks at the slot every 400 ms: give it one look before believing that the card is there.
        seen = [(self._reader, states[0][1] & ~scard.SCARD_STATE_CHANGED)]
        result, _ = scard.SCardGetStatusChange(self._context, _LOOK_MS, seen)
        return _code(result) == _TIMEOUT

    def close(self) -> None:
        """See CardConnection.close."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._scard.SCardDisconnect(handle, self._scard.SCARD_RESET_CARD)
            self._scard.SCardReleaseContext(self._context)


class PcscReader:
    """CardReader over every PC/SC reader there is, or those whose name contains ``only``.

    One thread polls; the same or another one connects. The card that came last is the one ``connect`` opens.
    """

    def __init__(self, only: str | None = None) -> None:
        self._scard = _load()
        self._only = only
        self._context: Any = None
        self._states: dict[str, int] = {}
        self._present: list[str] = []
        self._changes: deque[SlotChange] = deque()

    def poll(self, timeout_s: float) -> SlotChange | None:
        """See CardReader.poll."""
        deadline = time.monotonic() + timeout_s
        while True:
            if self._changes:
                return self._changes.popleft()
            try:
                self._open()
                self._look(max(0.0, min(deadline - time.monotonic(), _SLICE_S)))
            except DeviceGone:
                # First tell that the cards are gone; the next call tells that the service is.
                if not self._changes:
                    raise
            if self._changes:
                return self._changes.popleft()
            if time.monotonic() >= deadline:
                return None

    def connect(self) -> CardConnection:
        """See CardReader.connect. Raises CardConnectionError for a card that will not power up.

        The connection has a context of its own, so that another thread may ``poll`` meanwhile.
        """
        present = list(self._present)
        if not present:
            raise CardGone("there is no card in any reader")
        reader = present[-1]
        scard = self._scard
        context = self._establish()
        result, handle, protocol = scard.SCardConnect(
            context, reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        code = _code(result)
        if code == 0:
            return PcscConnection(scard, context, handle, protocol, reader)
        scard.SCardReleaseContext(context)
        if code in (_NO_CARD, _REMOVED, _READER_UNAVAILABLE, _UNKNOWN_READER):
            raise CardGone("the card left before it could be opened")
        if code == _SHARING:
            raise CardConnectionError(f"another program holds the card in {reader}: stop it")
        if code in (_UNRESPONSIVE, _UNPOWERED):
            raise CardConnectionError("the card does not answer the reader's reset")
        raise _service_error(code)

    def close(self) -> None:
        """See CardReader.close."""
        self._drop()

    # -- inside ---------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if self._context is not None:
            return
        try:
            self._context = self._establish()
        except DeviceGone:
            self._lost_all()
            raise
        self._states = {}

    def _establish(self) -> Any:
        result, context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
        if _code(result) != 0:
            raise _service_error(_code(result))
        return context

    def _drop(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            self._scard.SCardReleaseContext(context)
        self._lost_all()

    def _lost_all(self) -> None:
        """With the service or the readers gone every card counts as removed; later ones as inserted anew."""
        for reader in self._present:
            self._changes.append(SlotChange(False, reader))
        self._present.clear()
        self._states.clear()

    def _readers(self) -> list[str]:
        result, names = self._scard.SCardListReaders(self._context, [])
        code = _code(result)
        if code == _NO_READERS:
            return []
        if code != 0:
            self._fail(code)
        return [name for name in names if self._only is None or self._only in name]

    def _fail(self, code: int) -> None:
        self._drop()
        raise _service_error(code)

    def _look(self, timeout_s: float) -> None:
        scard = self._scard
        readers = self._readers()
        for gone in [name for name in self._states if name != PNP and name not in readers]:
            del self._states[gone]
            if gone in self._present:
                self._present.remove(gone)
                self._changes.append(SlotChange(False, gone))
        for name in [*readers, PNP]:
            self._states.setdefault(name, scard.SCARD_STATE_UNAWARE)
        if not readers:
            # Wait for one to be plugged in, then tell: the kiosk must show that the reader is missing.
            if not self._changes:
                result, states = scard.SCardGetStatusChange(
                    self._context, int(timeout_s * 1000), [(PNP, self._states[PNP])]
                )
                if _code(result) == 0:
                    self._states[PNP] = states[0][1] & ~scard.SCARD_STATE_CHANGED
                elif _code(result) != _TIMEOUT:
                    self._fail(_code(result))
                if not self._readers():
                    raise DeviceGone("no card reader: connect it by USB (`pcsc_scan` lists what pcscd sees)")
            return
        wanted = [(name, self._states[name]) for name in [*readers, PNP]]
        result, states = scard.SCardGetStatusChange(self._context, int(timeout_s * 1000), wanted)
        code = _code(result)
        if code == _TIMEOUT:
            return
        if code in (_UNKNOWN_READER, _READER_UNAVAILABLE):
            return  # a reader left between listing and asking: the next round sees it
        if code != 0:
            self._fail(code)
        for name, state, atr in states:
            self._note(name, state, bytes(atr))

    def _note(self, name: str, state: int, atr: bytes) -> None:
        scard = self._scard
        before, self._states[name] = self._states.get(name, 0), state & ~scard.SCARD_STATE_CHANGED
        if name == PNP:
            return
        present = bool(state & scard.SCARD_STATE_PRESENT)
        # The upper half counts insertions: a card changed between two looks shows there only.
        swapped = present and name in self._present and (state >> 16) != (before >> 16)
        if name in self._present and (not present or swapped):
            self._present.remove(name)
            self._changes.append(SlotChange(False, name))
        if present and name not in self._present:
            self._present.append(name)
            self._changes.append(SlotChange(True, name, atr))


def open_card_reader(settings: Mapping[str, object]) -> PcscReader:
    """Entry point ``card_reader.pcsc``. Raises DeviceError on bad settings and when pyscard is missing."""
    return PcscReader(read_settings(PcscSettings, settings).only)
