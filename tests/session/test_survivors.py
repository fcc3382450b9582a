"""The judge of ``make mutate``: who survives must be judged, by what was changed into what and not by a number."""

from __future__ import annotations

from pathlib import Path

from hw_sim import by_path

ROOT = Path(__file__).parents[2]
mutate = by_path.load(ROOT / "tools" / "mutate.py")

DIFF = """--- reader/session/core.py
+++ reader/session/core.py
@@ -1,3 +1,3 @@
 def step(session, event):
-    return stay(session)
+    return stay(None)
"""
CHANGE = mutate.Change("core._upkeep", "return stay(session)", "return stay(None)")


def test_a_mutant_is_known_by_its_function_and_lines() -> None:
    assert mutate.change_of("reader.session.core.x__upkeep__mutmut_7", DIFF) == CHANGE
    assert mutate.change_of("reader.session.core.x__upkeep__mutmut_9", DIFF) == CHANGE, "numbers move, lines stay"


def test_all_is_well_when_enough_are_killed_and_the_rest_is_judged() -> None:
    well, lines = mutate.verdict(100, [CHANGE], {CHANGE: "equivalent"})
    assert well
    assert lines[0] == "99 of 100 mutants killed (99.0%), at least 95% wanted"


def test_an_unjudged_survivor_fails_and_is_printed_as_it_is_to_be_pasted() -> None:
    well, lines = mutate.verdict(100, [CHANGE], {})
    assert not well
    assert lines[0].splitlines()[:2] == ["[[survivor]]", "function = 'core._upkeep'"]


def test_too_few_killed_fails_however_well_judged() -> None:
    many = [mutate.Change("core.step", "a", str(number)) for number in range(6)]
    assert not mutate.verdict(100, many, dict.fromkeys(many, "why"))[0]
    assert not mutate.verdict(0, [], {})[0], "nothing found is no success"


def test_a_judgement_that_is_no_longer_needed_is_named() -> None:
    assert any("gone" in line for line in mutate.verdict(100, [], {CHANGE: "equivalent"})[1])


def test_every_judgement_has_a_reason_and_a_line_that_is_still_there() -> None:
    judged = mutate.judgements()
    assert judged
    for change, why in judged.items():
        module, _ = change.function.split(".")
        source = (ROOT / "reader" / "session" / f"{module}.py").read_text("utf-8")
        assert len(why) > 20
        assert all(line in source for line in change.was.split(" / "))
