"""The catalogue: complete in every language, short and plain in Japanese, never an id on the screen."""

from __future__ import annotations

import re
import string

import pytest

from reader.session.table import STEPS
from reader.session.vocabulary import Button, CardFrontProblem, ConsentItem, Guidance
from reader.text import BREAK, LANGUAGES, Catalogue, UnknownText
from reader.text.catalogue import EASY
from reader.text.failures import load_failures

CATALOGUE = Catalogue.load()
OTHERS = LANGUAGES[1:]
# What staff read stays Japanese; the easy-Japanese button is its own name in every language, and "Language" in the
# corner of the Japanese start screen is for whoever does not read Japanese.
STAFF_ONLY = re.compile(
    r"staff_code\.|staff_corner\.|factory_reset\.|idle\.language$|visual_check\.|button\.(same_person|other_person|visual_check|staff_code|reset|lose_results|erase|easy_japanese)$"
)
# Official names that a shorter word would make harder to recognise on a letter or at the counter.
OFFICIAL_NAMES = ("電子証明書", "市区町村", "顔認証", "特定疾病", "資格確認書", "暗証番号", "目視確認", "職員")
FORBIDDEN = ("エラー", "失敗", "不正", "無効", "拒否")


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_patient_sentence_is_translated(language: str) -> None:
    missing = [i for i in CATALOGUE.ids if not STAFF_ONLY.match(i) and not CATALOGUE.has(i, language)]
    assert not missing


@pytest.mark.parametrize("language", [*OTHERS, EASY])
def test_no_translation_has_an_id_the_source_lacks(language: str) -> None:
    extra = set(CATALOGUE.languages[language].texts) - CATALOGUE.ids
    assert {text_id for text_id in extra if not text_id.startswith("date.month.")} == set()


@pytest.mark.parametrize("language", [*OTHERS, EASY])
def test_a_translation_keeps_the_values_of_the_source(language: str) -> None:
    texts = CATALOGUE.languages[language].texts
    wrong = [
        text_id
        for text_id, sentence in texts.items()
        if text_id in CATALOGUE.ids and text_id != "date.format" and fields(sentence) != fields(CATALOGUE.text(text_id))
    ]
    assert not wrong


@pytest.mark.parametrize("language", OTHERS)
def test_unreviewed_translations_say_so(language: str) -> None:
    assert CATALOGUE.reviewed(language) is False
    assert CATALOGUE.reviewed("ja") is True


def test_kanji_runs_stay_short_outside_official_names() -> None:
    long: list[str] = []
    for text_id, sentence in CATALOGUE.languages["ja"].texts.items():
        if STAFF_ONLY.match(text_id):
            continue
        plain = sentence.replace(BREAK, "")
        for name in OFFICIAL_NAMES:
            plain = plain.replace(name, "□")
        long += [f"{text_id}: {run}" for run in re.findall(r"[一-龠々]{5,}", plain)]
    assert not long


@pytest.mark.parametrize("language", ["ja", EASY])
def test_patients_are_never_blamed(language: str) -> None:
    words = [*CATALOGUE.languages[language].texts.values(), *CATALOGUE.languages[language].voices.values()]
    assert not [word for word in words for bad in FORBIDDEN if bad in word]


def test_easy_japanese_needs_no_kanji_where_a_patient_must_act() -> None:
    texts = CATALOGUE.languages[EASY].texts
    assert not [text_id for text_id, sentence in texts.items() if re.search(r"[一-龠々]", sentence)]


def test_missing_text_falls_back_to_english_then_japanese_never_to_an_id() -> None:
    assert CATALOGUE.text("staff_code.headline", "ko") == CATALOGUE.text("staff_code.headline", "ja")
    assert CATALOGUE.text("idle.headline", "xx") == CATALOGUE.text("idle.headline", "en")
    with pytest.raises(UnknownText):
        CATALOGUE.text("no.such.sentence", "en")


def test_easy_japanese_falls_back_to_japanese_and_uses_its_font() -> None:
    assert CATALOGUE.text("idle.headline", "ja", easy=True) != CATALOGUE.text("idle.headline", "ja")
    assert CATALOGUE.language_of("idle.headline", "ja", easy=True) == "ja"


@pytest.mark.parametrize(
    ("language", "written"),
    [("ja", "2026年9月3日"), ("en", "September 3, 2026"), ("vi", "3/9/2026"), ("ko", "2026년 9월 3일")],
)
def test_dates_are_written_as_the_language_does(language: str, written: str) -> None:
    assert CATALOGUE.date("2026-09-03", language) == written


def test_a_date_that_is_none_is_shown_as_it_came() -> None:
    assert CATALOGUE.date("") == ""
    assert CATALOGUE.date("soon") == "soon"


def test_everything_the_session_says_has_a_voice() -> None:
    spoken = {spec.says for spec in STEPS.values() if spec.says} | {"still_there", "take_card"}
    spoken |= {f"front.{problem.value}" for problem in CardFrontProblem}
    spoken |= {f"guidance.{guidance.value}" for guidance in Guidance}
    spoken |= {f"failure.{text.name}" for text in load_failures().values()}
    for text_id in spoken:
        assert CATALOGUE.voice(text_id)
        assert BREAK not in CATALOGUE.voice(text_id)


def test_a_voice_never_reads_a_value_out() -> None:
    """No digit of a PIN, no date, no count: what is spoken is the same for everybody."""
    for voices in (CATALOGUE.languages["ja"].voices, CATALOGUE.languages[EASY].voices):
        assert not [sentence for sentence in voices.values() if "{" in sentence]


@pytest.mark.parametrize("button", Button)
def test_every_button_has_a_word(button: Button) -> None:
    assert CATALOGUE.text(f"button.{button.value}")


@pytest.mark.parametrize("item", ConsentItem)
def test_every_consent_is_asked_in_words(item: ConsentItem) -> None:
    for kind in ("item", "question", "short"):
        assert CATALOGUE.text(f"consent.{kind}.{item.value}")
