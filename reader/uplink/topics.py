"""Topics: ``kaopi/v1/{site}/{kiosk}/{channel}``. The ACL, the uplink and the desk all read them from here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

ROOT = "kaopi/v1"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Channel(StrEnum):
    """The last level of a topic. A kiosk writes the first five and reads the last three, its own only."""

    RESULT = "result"
    STATE = "state"
    HEALTH = "health"
    ALERT = "alert"
    REQUEST = "req"
    COMMAND = "cmd"
    ACK = "ack"
    RESPONSE = "rsp"


FROM_KIOSK = (Channel.RESULT, Channel.STATE, Channel.HEALTH, Channel.ALERT, Channel.REQUEST)
TO_KIOSK = (Channel.COMMAND, Channel.ACK, Channel.RESPONSE)


class TopicError(ValueError):
    """The topic is not one of ours."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic taken apart. site and kiosk: 1-32 of a-z, 0-9 and '-', not starting with '-'."""

    site: str
    kiosk: str
    channel: Channel

    def __post_init__(self) -> None:
        """Raise TopicError on a name that could leave its own branch ('+', '#', '/', upper case, empty)."""
        for what, name in (("site", self.site), ("kiosk", self.kiosk)):
            if NAME.fullmatch(name) is None:
                raise TopicError(f"{what} name {name[:40]!r} must be 1-32 of a-z, 0-9 and '-', not starting with '-'")

    def __str__(self) -> str:
        return f"{ROOT}/{self.site}/{self.kiosk}/{self.channel}"


def parse(topic: str) -> Topic:
    """Take a topic string apart. Raises TopicError when it is not one of ours."""
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT:
        raise TopicError(f"topic {topic[:80]!r} is not {ROOT}/SITE/KIOSK/CHANNEL")
    try:
        channel = Channel(parts[4])
    except ValueError:
        raise TopicError(f"topic {topic[:80]!r} ends in an unknown channel; known: {', '.join(Channel)}") from None
    return Topic(parts[2], parts[3], channel)


def all_kiosks(site: str, channel: Channel) -> str:
    """Return the subscription by which the desk hears one channel of every kiosk of its site."""
    return str(Topic(site, "x", channel)).replace("/x/", "/+/")
