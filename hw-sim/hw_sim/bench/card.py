"""Figures of reading a card: commands, bytes, time on the link, and what kaopi adds to the link's own time."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass

from hw_sim.bench.rows import Row, quantile_row
from hw_sim.card.authority import simulator_trust
from hw_sim.card.inprocess import InProcessConnection, InProcessReader
from hw_sim.card.link import LinkModel
from hw_sim.card.personas import persona
from reader.card.photo_child import ChildProcessDecoder
from reader.card.profile import MY_NUMBER_CARD
from reader.card.visit import CardVisit
from reader.session.vocabulary import Ref
from reader.vault import Vault


class _Timed:
    """Counts the seconds spent inside a connection: the card and its link, not kaopi."""

    def __init__(self, inner: InProcessConnection) -> None:
        self._inner = inner
        self.seconds = 0.0

    def transmit(self, apdu: bytes) -> bytes:
        started = time.perf_counter()
        try:
            return self._inner.transmit(apdu)
        finally:
            self.seconds += time.perf_counter() - started

    def close(self) -> None:
        self._inner.close()

    @property
    def link_s(self) -> float:
        return self._inner.link_s


@dataclass(frozen=True, slots=True)
class _Run:
    apdus: int
    sent_and_received: int
    link_s: float  # by the model
    away_s: float  # inside the connection, sleeping included
    total_s: float
    photo_s: float


def _run(decoder: ChildProcessDecoder, model: LinkModel) -> _Run:
    today = datetime.date(2026, 11, 22)
    card = persona("normal", today)
    reader = InProcessReader(model)
    reader.insert(card)
    connection = _Timed(reader.connect())
    visit = CardVisit(connection, MY_NUMBER_CARD, simulator_trust(), Vault(), today, decoder)
    photo_at: list[float] = []

    def photo(ref: Ref) -> None:
        photo_at.append(time.perf_counter())

    started = time.perf_counter()
    visit.identify()
    visit.open_card_face(bytearray(card.card.number_b or b""), photo)
    total = time.perf_counter() - started
    traffic = visit.traffic
    link_s = connection.link_s
    visit.close()
    return _Run(
        traffic.apdus, traffic.sent + traffic.received, link_s, connection.seconds, total, photo_at[0] - started
    )


def measure(n: int = 7) -> dict[str, Row]:
    """Read ``n`` cards over the modelled Type B link in real time: certificate, tries, card face, presence proof.

    card.link_overhead: kaopi's own time as a fraction of the link's (photo decoding, signatures, parsing).
    card.apdus, card.bytes: a count each, both directions. card.link_s: seconds on the link by the model.
    card.photo_s: seconds until the decoded photo is with the matcher.
    """
    decoder = ChildProcessDecoder()
    try:
        time.sleep(1.0)  # a kiosk's decoder is warm before the first patient comes
        runs = [_run(decoder, LinkModel()) for _ in range(n)]
    finally:
        decoder.close()
    overhead = [(run.total_s - run.away_s) / run.link_s for run in runs]
    return {
        "card.link_overhead": quantile_row(overhead, "fraction"),
        "card.apdus": quantile_row([float(run.apdus) for run in runs], "commands"),
        "card.bytes": quantile_row([float(run.sent_and_received) for run in runs], "bytes"),
        "card.link_s": quantile_row([run.link_s for run in runs], "s"),
        "card.photo_s": quantile_row([run.photo_s for run in runs], "s"),
    }
