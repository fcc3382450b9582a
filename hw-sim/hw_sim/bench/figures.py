"""Every figure the bench can print: which part measures it, what it says in plain words, and which way is better.

A name that ends in ``.*`` stands for a family. A goal here is the bench's own; rows of the face parts carry theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Chapter(StrEnum):
    """The question a figure answers."""

    FAST = "How fast"
    RIGHT = "How right"
    SAFE = "How safe"
    LARGE = "How large"


class Better(StrEnum):
    """Which way is better; a figure that only informs has none."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, or a family of them.

    needs: what a machine must have to measure it, empty where any will do. least_n: on fewer its goal counts as missed.
    """

    name: str
    part: str
    chapter: Chapter
    says: str
    better: Better = Better.LOWER
    goal: float | None = None
    needs: str = ""
    least_n: int = 0

    def covers(self, name: str) -> bool:
        """Tell whether this is the figure, or the family, of a name."""
        return name.startswith(self.name[:-1]) if self.name.endswith(".*") else name == self.name


LFW = "the LFW pictures (KAOPI_DATA)"
NUAA = "the NUAA pictures (KAOPI_DATA)"
PEERS = "the peers' environment (`make peers`, needs the network once)"
MOSQUITTO = "mosquitto"

# Peers by the name in the id, and what each can be asked: to follow a face in a film, to compare two faces.
PEER_NAMES = {
    "mediapipe": "MediaPipe FaceLandmarker",
    "opencv": "OpenCV, YuNet + SFace",
    "face_recognition": "face_recognition (dlib)",
}
FOLLOWING = ("mediapipe", "opencv", "face_recognition")
COMPARING = ("opencv", "face_recognition")


def _peer_figures() -> tuple[Figure, ...]:
    found = []
    for job, names, says in (
        ("follow", FOLLOWING, "face and its points in one frame of a film, one CPU"),
        ("embed", COMPARING, "one picture to numbers that can be compared, one CPU"),
    ):
        found.append(Figure(f"peer.kaopi.{job}_ms", "peers", Chapter.FAST, f"kaopi: {says}", needs=PEERS))
        for name in names:
            title, over = PEER_NAMES[name], f"kaopi's time over that of {PEER_NAMES[name]}"
            found += [
                Figure(f"peer.{name}.{job}_ms", "peers", Chapter.FAST, f"{title}: {says}", Better.NEITHER, needs=PEERS),
                Figure(f"peer.{name}.{job}_ratio", "peers", Chapter.FAST, over, needs=PEERS),
            ]
    for name in COMPARING:
        title, needs = PEER_NAMES[name], f"{PEERS} and {LFW}"
        says = f"{title}: the right person not recognised, where 1 stranger in 10,000 would pass"
        none = f"{title}: pictures in which it found no face"
        found += [
            Figure(f"peer.{name}.lfw_fnmr_1e4", "peer_match", Chapter.RIGHT, says, Better.NEITHER, needs=needs),
            Figure(f"peer.{name}.lfw_no_face", "peer_match", Chapter.RIGHT, none, Better.NEITHER, needs=needs),
        ]
    return tuple(found)


FIGURES = (
    *_peer_figures(),
    # -- fast --
    Figure("path.verified_over_link", "path", Chapter.FAST,
           "card in to verified, over the card link's own time; a ready patient, no movement asked for", goal=1.15),
    Figure("path.verified_s", "path", Chapter.FAST, "card in to verified, in seconds"),
    Figure("path.asked_to_move", "path", Chapter.FAST, "of these visits, share in which a movement was asked for"),
    Figure("path.link_s", "path", Chapter.FAST, "of these, spent on the card link, which no kiosk can shorten"),
    Figure("card.link_overhead", "card", Chapter.FAST, "what kaopi adds to the card link's own time", goal=0.05),
    Figure("card.apdus", "card", Chapter.FAST, "commands to the card for one visit"),
    Figure("card.bytes", "card", Chapter.FAST, "bytes to and from the card for one visit"),
    Figure("card.link_s", "card", Chapter.FAST, "seconds on a Type B link for one visit, by the link's model"),
    Figure("card.photo_s", "card", Chapter.FAST, "card in to the chip's portrait decoded"),
    Figure("face.decision_ms", "speed", Chapter.FAST, "first good frame to decision, where nothing is asked"),
    Figure("face.pipeline_over_mediapipe", "speed", Chapter.FAST,
           "time per frame over MediaPipe's FaceLandmarker, one CPU, same clip", needs=PEERS),
    Figure("face.pipeline_every_frame_over_mediapipe", "speed", Chapter.FAST,
           "the same with landmarks on every frame, also while there is nothing to find out", needs=PEERS),
    Figure("face.pipeline_first_second_over_mediapipe", "speed", Chapter.FAST,
           "time per frame over MediaPipe's in the first second, when signs of life are gathered", needs=PEERS),
    Figure("face.pipeline_ms", "speed", Chapter.FAST, "one frame without comparison, over a visit of five seconds",
           needs=PEERS),
    Figure("face.frame_ms", "stages", Chapter.FAST, "one frame of a try, comparison included, on this processor"),
    *(
        Figure(f"face.stage_ms.{stage}", "stages", Chapter.FAST, f"of a frame: {says}")
        for stage, says in (
            ("detect", "finding the face"), ("landmarks", "its points"), ("liveness", "the net for signs of life"),
            ("compare", "the nets that compare faces"), ("other", "light, pose, depth, borders and all the rest"),
        )
    ),
    Figure("face.*", "match", Chapter.FAST, "the face part, in detail"),
    Figure("flow.patients_per_hour", "flow", Chapter.FAST,
           "patients an hour, one behind the other, of ordinary kinds, nobody asked to turn", Better.HIGHER),
    Figure("flow.sessions_per_minute", "flow", Chapter.FAST,
           "simulated sessions in a real minute, by one process; CI plays 300 in under six minutes", Better.HIGHER,
           goal=50),
    Figure("flow.taps_new", "flow", Chapter.FAST, "taps of a new patient who agrees to everything", goal=3),
    Figure("flow.taps_returning", "flow", Chapter.FAST, "taps of a patient who comes again", goal=1),
    Figure("ui.frame_p99_ms", "ui", Chapter.FAST, "drawing one live picture, slowest panel, 99 of 100 are faster",
           goal=33.3),
    Figure("ui.frame_p50_ms", "ui", Chapter.FAST, "drawing one live picture, slowest panel, typical"),
    Figure("ui.touch_p99_ms", "ui", Chapter.FAST, "finger down to the screen that answers, slowest panel", goal=33.3),
    Figure("ui.idle_cpu", "start", Chapter.FAST, "share of one core used while nobody is there", goal=0.03),
    Figure("ui.*", "ui", Chapter.FAST, "drawing, by panel and screen"),
    Figure("start.ready_s", "start", Chapter.FAST, "start of the process to the first screen"),
    Figure("outbox.commits_per_s", "outbox", Chapter.FAST, "results a second made safe on this disk", Better.HIGHER),
    Figure("outbox.put_p99_ms", "outbox", Chapter.FAST, "making one result safe, 99 of 100 are faster"),
    Figure("outbox.acks_per_s", "outbox", Chapter.FAST, "acknowledged results a second erased", Better.HIGHER),
    Figure("fleet.p50_ms", "fleet", Chapter.FAST, "200 kiosks, one desk: result to its acknowledgement, typical",
           needs=MOSQUITTO),
    Figure("fleet.p99_ms", "fleet", Chapter.FAST, "200 kiosks, one desk: result to its acknowledgement, 99 of 100",
           goal=2000, needs=MOSQUITTO),
    # -- right --
    Figure("face.lfw_fnmr_1e4", "match", Chapter.RIGHT,
           "the right person not recognised, where 1 stranger in 10,000 would pass; photographs of celebrities",
           needs=LFW),
    Figure("face.lfw_ic_fnmr_1e4", "match", Chapter.RIGHT,
           "the right person not recognised by a small grey portrait as on the chip, 1 stranger in 10,000 passing",
           needs=LFW),
    Figure("face.nuaa_fnmr", "match", Chapter.RIGHT,
           "the right person not recognised at the shipped threshold, portrait of another day",
           needs=NUAA),
    Figure("light.false_refuse", "liveness", Chapter.RIGHT, "good light called bad"),
    Figure("light.false_ok", "liveness", Chapter.RIGHT, "bad light called good"),
    Figure("light.*", "liveness", Chapter.RIGHT, "light, in detail"),
    Figure("ocr.right", "ocr", Chapter.RIGHT, "card fronts read right, of those not spoiled", Better.HIGHER, 0.995),
    Figure("ocr.ms", "ocr", Chapter.FAST, "reading one card front, two looks"),
    # -- safe --
    Figure("face.nuaa_fmr", "match", Chapter.SAFE, "a stranger taken for the card's owner at the shipped threshold",
           needs=NUAA),
    Figure("pad.nuaa_eer_frame", "liveness", Chapter.SAFE, "printed photo against live person, one frame, equal errors",
           needs=NUAA),
    Figure("pad.nuaa_eer_10", "liveness", Chapter.SAFE, "printed photo against live person, ten frames, equal errors",
           needs=NUAA),
    Figure(
        "pad.sim_apcer_max",
        "liveness",
        Chapter.SAFE,
        "attacks that pass as a live person: the worst species; fewer than 150 of each prove nothing",
        least_n=150,
    ),
    Figure("pad.sim_apcer.*", "liveness", Chapter.SAFE, "attacks that pass, by species"),
    Figure(
        "pad.sim_bpcer",
        "liveness",
        Chapter.SAFE,
        "live persons not taken for live within five seconds; fewer than 150 prove nothing",
        least_n=150,
    ),
    Figure("pad.sim_bpcer.*", "liveness", Chapter.SAFE, "the same, of the shipped six and of research pictures"),
    Figure("pad.sim_asked", "liveness", Chapter.FAST, "of them, share who are asked to turn their head"),
    Figure("pad.sim_live_s", "liveness", Chapter.FAST, "from their first frame to the decision, asked or not, median"),
    Figure("pad.sim_apnrr", "liveness", Chapter.SAFE, "attacks never usable enough to be judged (APNRR)",
           Better.NEITHER),
    Figure("pad.*", "liveness", Chapter.SAFE, "liveness, in detail"),
    Figure("ocr.wrong", "ocr", Chapter.SAFE, "card fronts read as a wrong number", goal=0),
    Figure("kill.lost", "kill", Chapter.SAFE, "results lost while processes are killed and disks fail", goal=0,
           needs=MOSQUITTO),
    Figure("kill.twice", "kill", Chapter.SAFE, "results stored twice meanwhile", goal=0, needs=MOSQUITTO),
    Figure("kill.faults", "kill", Chapter.SAFE, "kills, lost acknowledgements and failed writes that struck",
           Better.NEITHER, needs=MOSQUITTO),
    Figure("fleet.lost", "fleet", Chapter.SAFE, "results of 200 kiosks lost", goal=0, needs=MOSQUITTO),
    Figure("fleet.twice", "fleet", Chapter.SAFE, "results of 200 kiosks stored twice", goal=0, needs=MOSQUITTO),
    # -- large --
    Figure("mem.rss_mb", "start", Chapter.LARGE, "memory of the waiting kiosk"),
    Figure("wheel.mb", "start", Chapter.LARGE, "the installable package, without models"),
)  # fmt: skip


def figure_of(name: str) -> Figure | None:
    """Return the figure a name belongs to: itself, or the narrowest family; None for an unknown one."""
    found = [figure for figure in FIGURES if figure.covers(name)]
    return max(found, key=lambda figure: (figure.name == name, len(figure.name)), default=None)


def of_part(part: str) -> tuple[Figure, ...]:
    """Return what a part measures, families left out."""
    return tuple(figure for figure in FIGURES if figure.part == part and not figure.name.endswith(".*"))
