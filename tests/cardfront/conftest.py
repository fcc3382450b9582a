"""The recogniser where it has been built, and specimens where their typefaces are installed."""

from __future__ import annotations

import pytest
from hw_sim.cardfront.fonts import face

from reader.cardfront.reader import MODEL
from reader.cardfront.recogniser import Recogniser
from reader.face.manifest import default_path
from reader.face.modelstore import ModelRefused, ModelStore


@pytest.fixture(scope="session")
def models() -> ModelStore:
    """The folder of finished models, holding the card-front recogniser."""
    store = ModelStore(default_path().parent)
    try:
        store.session(MODEL)
    except ModelRefused as refusal:
        pytest.skip(f"{refusal}")
    return store


@pytest.fixture(scope="session")
def recogniser(models: ModelStore) -> Recogniser:
    """The real one."""
    return Recogniser(models.session(MODEL))


@pytest.fixture(scope="session", autouse=True)
def typefaces() -> None:
    """Specimens are printed in Debian's typefaces."""
    try:
        for name in ("biz", "ipaex", "noto", "ocrb", "mono"):
            face(name, 20)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
