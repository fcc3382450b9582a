"""Several in-process slots behind one port, as a PC/SC service has several readers (contact and contactless, say)."""

from __future__ import annotations

from hw_sim.card.inprocess import InProcessConnection, InProcessReader
from reader.card.connection import CardGone
from reader.devices.ports import DeviceGone, SlotChange


class SeveralReaders:
    """CardReader over more than one slot; ``connect`` opens the card that came last, as ``PcscReader`` does."""

    def __init__(self, *readers: InProcessReader) -> None:
        self._readers = readers
        self._present: list[InProcessReader] = []

    def poll(self, timeout_s: float) -> SlotChange | None:
        """See CardReader.poll. Raises DeviceGone when every slot is away."""
        away: list[DeviceGone] = []
        for reader in self._readers:
            try:
                change = reader.poll(timeout_s / len(self._readers))
            except DeviceGone as gone:
                away.append(gone)
                if reader in self._present:
                    self._present.remove(reader)
                    return SlotChange(False, reader.name)
                continue
            if change is not None:
                if reader in self._present:
                    self._present.remove(reader)
                if change.inserted:
                    self._present.append(reader)
                return change
        if len(away) == len(self._readers):
            raise away[0]
        return None

    def connect(self) -> InProcessConnection:
        """See CardReader.connect."""
        if not self._present:
            raise CardGone("there is no card in any slot")
        return self._present[-1].connect()

    def close(self) -> None:
        """Forget what nobody polled; the cards that lie there are told of again."""
        self._present.clear()
        for reader in self._readers:
            reader.close()
