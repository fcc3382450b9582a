"""Where an installation keeps what is not a setting: models and recordings, in a checkout or in the package."""

from __future__ import annotations

from pathlib import Path

from reader.config.schema import KaopiConfig
from reader.text.voice import voice_folder

SHARE = Path("/usr/share/kaopi")
_CHECKOUT = Path(__file__).resolve().parents[2]


def models_dir(config: KaopiConfig) -> Path:
    """Return the folder of the ONNX models: the site's, the checkout's, or the package's."""
    return config.face.models_dir or own("models")


def voice_dir(config: KaopiConfig) -> Path:
    """Return the folder of the voice recordings: the site's, or the package's."""
    return config.sound.voice_dir or voice_folder()


def own(name: str) -> Path:
    """Return the checkout's or the package's folder of this name."""
    checkout = _CHECKOUT / name
    return checkout if (_CHECKOUT / "pyproject.toml").is_file() else SHARE / name
