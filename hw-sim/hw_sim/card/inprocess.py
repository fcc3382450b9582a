"""A card reader without PC/SC: the same virtual card behind the same port, in this process."""

from __future__ import annotations

import datetime
import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum

from hw_sim.card.link import INSTANT, LinkModel, Sleep, TimedLink
from hw_sim.card.personas import Persona, persona
from hw_sim.card.virtual_card import CardMute, PullMoment, VirtualCard
from reader.card.connection import CardConnectionError, CardGone
from reader.devices.ports import DeviceGone, SlotChange

READER_NAME = "kaopi in-process slot"
SLOW_ANSWER_S = 1.0


class CardTrouble(Enum):
    """What may befall a card in the middle of a visit."""

    SLOW = "a second for every answer"
    MUTE = "no answer any more"
    GARBAGE = "noise instead of answers"


class ServiceStopped(DeviceGone):
    """What the real reader's port says when pcscd is gone."""

    service_stopped = True


class InProcessConnection:
    """A powered card. Raises CardGone as soon as the card is pulled."""

    def __init__(self, reader: InProcessReader, card: VirtualCard, link: TimedLink) -> None:
        self._reader = reader
        self._card = card
        self._link = link
        self._open = True

    @property
    def link_s(self) -> float:
        """Seconds the link and the chip took by the model."""
        return self._link.spent_s

    def transmit(self, apdu: bytes) -> bytes:
        """See CardConnection.transmit."""
        if not self._open or not self._reader.holds(self._card):
            raise CardGone("the card is not in the slot")
        moment = self._reader.next_command(self._card)
        if moment is PullMoment.BEFORE:
            self._reader.remove()
            raise CardGone("the card was pulled as a command began")
        try:
            response = self._reader.spoilt(apdu, self._card.transmit(apdu))
        except CardMute as error:
            raise CardConnectionError(str(error)) from None
        if self._reader.trouble is CardTrouble.SLOW:
            self._link.rest(SLOW_ANSWER_S)
        if moment is PullMoment.DURING:
            self._reader.remove()
        self._link.wait(apdu, response)
        if not self._open or not self._reader.holds(self._card):
            raise CardGone("the card was pulled during a command")
        if moment is PullMoment.AFTER:
            self._reader.remove()
        return response

    def close(self) -> None:
        """Reset the card and free the slot for the next ``connect``."""
        if self._open:
            self._open = False
            self._card.reset()
            self._reader.released(self)


class InProcessReader:
    """CardReader whose slot a test fills and empties from any thread."""

    def __init__(
        self,
        link: LinkModel = INSTANT,
        sleep: Sleep = time.sleep,
        name: str = READER_NAME,
    ) -> None:
        self.name = name
        self._link = link
        self._sleep = sleep
        self._changed = threading.Condition()
        self._changes: deque[SlotChange] = deque()
        self._card: VirtualCard | None = None
        self._extra_delay_s = 0.0
        self._pull_at: int | None = None
        self._pull_when = PullMoment.BEFORE
        self._in_use: InProcessConnection | None = None
        self._absent: DeviceGone | None = None
        self.trouble: CardTrouble | None = None
        self.apdus = 0

    # -- what a test does -----------------------------------------------------------------------------------------

    def insert(
        self, card: VirtualCard | Persona, pull_at: int | None = None, when: PullMoment = PullMoment.BEFORE
    ) -> None:
        """Put a card in. pull_at: take it out again in the command of this index (from 0); when: at which moment of it.

        Raises ValueError when there is a card in the slot.
        """
        with self._changed:
            if self._card is not None:
                raise ValueError("there is a card in the slot")
            if isinstance(card, Persona):
                self._extra_delay_s = card.extra_delay_s
                card = card.card
            else:
                self._extra_delay_s = 0.0
            card.reset()
            self._pull_when = when
            self._card, self._pull_at, self.apdus = card, pull_at, 0
            self._changes.append(SlotChange(True, self.name, card.atr))
            self._changed.notify_all()

    def remove(self) -> None:
        """Take the card out; nothing happens when there is none."""
        with self._changed:
            if self._card is None:
                return
            self._card.power_off()
            self._card = None
            self._changes.append(SlotChange(False, self.name))
            self._changed.notify_all()

    def unplug(self) -> None:
        """Take the reader away, card and all."""
        self.remove()
        self._leave(DeviceGone("the in-process card reader is unplugged; call plug()"))

    def plug(self) -> None:
        """Put the reader back, empty."""
        with self._changed:
            self._absent = None

    def stop_service(self) -> None:
        """Stop what pcscd is to a real reader; the card stays in the slot and loses its power."""
        with self._changed:
            if self._card is not None:
                self._card.power_off()
        self._leave(ServiceStopped("the in-process card service is stopped; call start_service()"))

    def start_service(self) -> None:
        """Start it again; it finds the card that lies there."""
        with self._changed:
            self._absent = None
            if self._card is not None:
                self._changes.append(SlotChange(True, self.name, self._card.atr))

    def _leave(self, error: DeviceGone) -> None:
        with self._changed:
            self._absent = error
            self._changes.clear()
            self._changed.notify_all()

    def card(self) -> VirtualCard | None:
        """The card in the slot now."""
        with self._changed:
            return self._card

    def number_b(self) -> bytes | None:
        """照合番号B printed on the card in the slot; None when there is no card, or no number on it."""
        with self._changed:
            return None if self._card is None else self._card.number_b

    # -- CardReader -----------------------------------------------------------------------------------------------

    def poll(self, timeout_s: float) -> SlotChange | None:
        """See CardReader.poll. With 0 it only looks, which is what a virtual clock needs."""
        with self._changed:
            if self._absent is not None:
                raise self._absent
            if not self._changes and timeout_s > 0:
                self._changed.wait(timeout_s)
            if self._absent is not None:
                raise self._absent
            return self._changes.popleft() if self._changes else None

    def connect(self) -> InProcessConnection:
        """See CardReader.connect."""
        with self._changed:
            if self._absent is not None:
                raise self._absent
            if self._card is None:
                raise CardGone("there is no card in the slot")
            if self._in_use is not None:
                raise CardConnectionError("the card is in use by another connection")
            self._card.reset()
            self._in_use = InProcessConnection(
                self, self._card, TimedLink(self._link, self._sleep, self._extra_delay_s)
            )
            return self._in_use

    def close(self) -> None:
        """Forget what nobody polled."""
        with self._changed:
            self._changes.clear()
            if self._card is not None and self._absent is None:
                # The next poll after a reopening tells about the card that lies there, as PC/SC does.
                self._changes.append(SlotChange(True, self.name, self._card.atr))

    # -- for the connection ---------------------------------------------------------------------------------------

    def spoilt(self, apdu: bytes, response: bytes) -> bytes:
        """What is left of an answer. Raises CardMute."""
        if self.trouble is CardTrouble.MUTE:
            raise CardMute("the card fell silent")
        if self.trouble is CardTrouble.GARBAGE:
            return hashlib.sha256(apdu + response).digest()
        return response

    def holds(self, card: VirtualCard) -> bool:
        """True while ``card`` lies in the slot."""
        with self._changed:
            return self._card is card

    def next_command(self, card: VirtualCard) -> PullMoment | None:
        """Count a command; tell whether, and when within it, the card is to be pulled."""
        with self._changed:
            index, self.apdus = self.apdus, self.apdus + 1
            return self._pull_when if self._pull_at == index and self._card is card else None

    def released(self, connection: InProcessConnection) -> None:
        """The connection is closed."""
        with self._changed:
            if self._in_use is connection:
                self._in_use = None


_SLOTS: dict[str, InProcessReader] = {}


def slot(name: str = "default", factory: Callable[[], InProcessReader] = InProcessReader) -> InProcessReader:
    """The slot of this process called ``name``: the reader the kiosk opens and the one a test fills are the same."""
    if name not in _SLOTS:
        _SLOTS[name] = factory()
    return _SLOTS[name]


def open_virtual_reader(settings: Mapping[str, object]) -> InProcessReader:
    """Entry point ``card_reader.virtual``.

    settings: slot (name, default "default"), timing ("real" for a Type B link, "none"), persona (a card to lie in the
    slot from the start). Raises ValueError.
    """
    name = str(settings.get("slot", "default"))
    timing = str(settings.get("timing", "none"))
    if timing not in ("real", "none"):
        raise ValueError(f'timing = {timing!r}: use "real" or "none"')
    reader = slot(name, lambda: InProcessReader(LinkModel() if timing == "real" else INSTANT))
    wanted = settings.get("persona")
    if wanted is not None and reader.card() is None:
        reader.insert(
            persona(str(wanted), datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9))).date())
        )
    return reader
