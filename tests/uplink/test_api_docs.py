"""The published description of the messages is the one the software speaks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hw_sim.clinic.apidocs import CHANNELS, DOCS, asyncapi, channel_of, examples, main, pages

from reader.session.vocabulary import Consent, Outcome
from reader.uplink.messages import ResultMessage, decode
from reader.uplink.topics import FROM_KIOSK, Channel


def test_the_files_in_the_repository_are_the_generated_ones() -> None:
    assert main(["--check"]) == 0


def test_a_stale_file_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("hw_sim.clinic.apidocs.DOCS", tmp_path)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "examples" / "old.json").write_text("{}")
    assert main(["--check"]) == 1


@pytest.mark.parametrize("file", sorted((DOCS / "examples").glob("*.json")), ids=lambda file: file.stem)
def test_every_example_is_a_valid_message_of_its_channel(file: Path) -> None:
    decode(CHANNELS[channel_of(file.stem)].model, file.read_bytes())


def test_there_is_an_example_of_every_outcome_and_every_channel() -> None:
    made = examples()
    results = [message for message in made.values() if isinstance(message, ResultMessage)]
    assert {message.outcome for message in results} == set(Outcome)
    assert {channel_of(name) for name in made} == set(Channel)


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        inner = set().union(*map(_references, node.values())) if node else set()
        return inner | ({node["$ref"]} if isinstance(node.get("$ref"), str) else set())
    return set().union(*map(_references, node)) if isinstance(node, list) and node else set()


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    for reference in _references(document):
        if reference.startswith("#/"):
            node: Any = document
            for key in reference.removeprefix("#/").split("/"):
                node = node[key]
        else:
            assert reference.removeprefix("./") in pages()


def test_directions_and_retention_are_the_ones_the_acl_and_the_uplink_hold() -> None:
    document = asyncapi()
    for operation in document["operations"].values():
        channel = Channel(operation["channel"]["$ref"].rsplit("/", 1)[1])
        assert operation["action"] == ("send" if channel in FROM_KIOSK else "receive")
        assert operation["bindings"]["mqtt"]["retain"] == (channel in (Channel.STATE, Channel.HEALTH))


def test_the_schema_has_the_official_consent_names_and_no_other() -> None:
    schema = json.loads((DOCS / "ResultMessage.schema.json").read_text(encoding="utf-8"))
    names = set(schema["$defs"]["Consents"]["properties"])
    assert names == {consent.value for consent in Consent} | {"ConsTime", "AvailableTime"}


def test_no_example_holds_a_twelve_digit_number() -> None:
    for file in (DOCS / "examples").glob("*.json"):
        assert not re.findall(r"(?<![0-9a-f-])\d{12}(?![0-9a-f])", file.read_text(encoding="utf-8")), file.name
