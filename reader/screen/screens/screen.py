"""What a screen is: a function from session to content, and a layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reader.screen.model import Content
from reader.screen.page import Page
from reader.session.state import Session


@dataclass(frozen=True, slots=True)
class Screen:
    """content: pure choice of words, picture and answers. compose: where they sit on a page."""

    content: Callable[[Session], Content]
    compose: Callable[[Page], None]
