"""The pages about settings are generated from the schema and say everything."""

from __future__ import annotations

import json

from pydantic import BaseModel

from reader.config import docs
from reader.config.schema import KaopiConfig


def test_the_committed_pages_are_fresh() -> None:
    assert docs.main(["--check"]) == 0


def test_every_setting_has_a_title_and_a_description() -> None:
    for section in KaopiConfig.model_fields.values():
        if isinstance(section.annotation, type) and issubclass(section.annotation, BaseModel):
            for key, setting in section.annotation.model_fields.items():
                assert setting.title, key
                assert setting.description, key


def test_the_schema_refuses_unknown_keys() -> None:
    schema = json.loads(docs.schema_json())
    assert schema["additionalProperties"] is False
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())
