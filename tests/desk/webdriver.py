"""As much of a W3C WebDriver client as these tests need, over chromedriver. Standard library only."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hw_sim.broker.embedded import free_port

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver, 12.1: web element identifier


class Browser:
    """A headless Chromium of its own. Raises FileNotFoundError when chromium or chromedriver is not installed."""

    def __init__(self, profile: Path, width: int = 1360, height: int = 900) -> None:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        driver = shutil.which("chromedriver")
        if chromium is None or driver is None:
            raise FileNotFoundError("Chromium is not installed: apt-get install chromium chromium-driver")
        self._port = free_port()
        self._driver = subprocess.Popen([driver, f"--port={self._port}"], stdout=subprocess.DEVNULL)
        flags = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--lang=ja",
                 f"--user-data-dir={profile}", f"--window-size={width},{height}", "--force-color-profile=srgb",
                 "--disable-background-networking", "--disable-component-update", "--mute-audio"]  # fmt: skip
        if os.geteuid() == 0:
            flags.append("--no-sandbox")
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"binary": chromium, "args": flags}}}}
        deadline = time.monotonic() + 20
        while True:
            try:
                self._session = self._call("POST", "/session", wanted)["sessionId"]
                break
            except (ConnectionError, urllib.error.URLError):
                if time.monotonic() > deadline:
                    self._driver.kill()
                    raise
                time.sleep(0.05)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}", data, {"content-type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"][:600]) from None

    def _do(self, method: str, path: str, **body: object) -> Any:
        return self._call(method, f"/session/{self._session}{path}", body)

    def open(self, url: str) -> None:
        self._do("POST", "/url", url=url)

    def run(self, script: str, *arguments: object) -> Any:
        """Run a function body; ``arguments[0]`` and so on are its arguments."""
        return self._do("POST", "/execute/sync", script=script, args=list(arguments))

    def run_async(self, script: str) -> Any:
        """Run a function body whose last argument is to be called with the answer."""
        return self._do("POST", "/execute/async", script=script, args=[])

    def _element(self, selector: str) -> str:
        found: dict[str, str] = self._do("POST", "/element", using="css selector", value=selector)
        return found[_ELEMENT]

    def text(self, selector: str) -> str:
        """The visible text, or "" when there is no such element."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def click(self, selector: str) -> None:
        self._do("POST", f"/element/{self._element(selector)}/click")

    def write(self, selector: str, text: str) -> None:
        self._do("POST", f"/element/{self._element(selector)}/value", text=text)

    def key(self, *keys: str) -> None:
        """Press and release keys one after another (U+E0xx for special ones)."""
        acts = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._do("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": acts}])

    def size(self, width: int, height: int) -> None:
        self._do("POST", "/window/rect", width=width, height=height)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._do("GET", "/screenshot")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._do("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(10)


def until(what: Callable[[], object], why: str, limit_s: float = 10.0) -> None:
    """Wait for the page to become so."""
    deadline = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < deadline, f"not within {limit_s:.0f} s: {why}"
        time.sleep(0.03)
