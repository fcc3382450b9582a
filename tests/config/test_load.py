"""A site file is merged over the vendor file, and every mistake is answered with file, line, key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.config.load import ConfigError, load, resolve
from reader.config.panels import PANELS
from reader.config.schema import KaopiConfig


def site(tmp_path: Path, text: str) -> Path:
    """Write a site file."""
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(path: Path) -> str:
    """Return the one complaint about a site file."""
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_the_packaged_defaults_are_a_real_kiosk() -> None:
    config = load()
    assert config.site.production
    assert config.devices.camera.name == "picamera2"
    assert config.uplink.uses_tls


def test_the_site_file_wins_key_by_key(tmp_path: Path) -> None:
    config = load(site(tmp_path, '[site]\nclinic_name = "みなと内科"\n[devices.camera]\nname = "webcam"\n'))
    assert config.site.clinic_name == "みなと内科"
    assert config.site.kiosk_id == KaopiConfig().site.kiosk_id
    assert config.devices.camera.name == "webcam"
    assert config.devices.card_reader.name == "pcsc"


def test_another_adapter_inherits_no_settings_of_the_first(tmp_path: Path) -> None:
    vendor = tmp_path / "vendor.toml"
    vendor.write_text('[devices.camera]\nname = "picamera2"\nsettings = { hdr = false }\n', encoding="utf-8")
    config = load(site(tmp_path, '[devices.camera]\nname = "webcam"\n'), vendor)
    assert config.devices.camera.settings == {}


def test_an_unknown_key_is_refused_with_line_and_suggestion(tmp_path: Path) -> None:
    message = problem(site(tmp_path, "# about us\n[site]\nclinic_nam = 'x'\n"))
    assert "site.toml:3: site.clinic_nam: unknown key. Did you mean clinic_name." in message


def test_an_unknown_key_without_a_likeness_lists_what_is_known(tmp_path: Path) -> None:
    message = problem(site(tmp_path, "[sound]\nqqqq = 1\n"))
    assert "Known here: volume" in message


def test_a_number_out_of_range_says_the_range(tmp_path: Path) -> None:
    message = problem(site(tmp_path, "[sound]\n\nvolume = 3.0\n"))
    assert "site.toml:3: sound.volume:" in message
    assert "less than or equal to 1" in message


def test_the_threshold_can_only_be_made_stricter(tmp_path: Path) -> None:
    assert "face.threshold_stricter" in problem(site(tmp_path, "[face]\nthreshold_stricter = -0.1\n"))


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    assert "site.toml:2:" in problem(site(tmp_path, "[site]\nclinic_name = \n"))


def test_a_missing_file_is_not_silently_the_default(tmp_path: Path) -> None:
    assert "not there" in problem(tmp_path / "none.toml")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes("[site]\nclinic_name = '医院'\n".encode("shift_jis"))
    assert "site.toml:2: file: not UTF-8" in problem(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[simulator]\nspeed = 2\n", "[simulator] is refused in production"),
        ('[devices.camera]\nname = "simulated"\n', "simulated device"),
        ("[session]\nslow_machine = 4.0\n", "slow_machine is refused in production"),
        ("[uplink]\nkey_file = '/etc/key'\n", "credential:NAME"),
    ],
)
def test_production_refuses_what_is_not_for_patients(tmp_path: Path, text: str, said: str) -> None:
    assert said in problem(site(tmp_path, text))


def test_a_machine_for_trying_out_may_simulate(tmp_path: Path) -> None:
    config = load(
        site(
            tmp_path,
            '[site]\nproduction = false\n[devices.camera]\nname = "simulated"\n[session]\nslow_machine = 4.0\n',
        )
    )
    assert config.rules().slow_machine == 4.0


def test_tls_files_go_together() -> None:
    with pytest.raises(ValueError, match="set all three, or none"):
        KaopiConfig.model_validate({"uplink": {"ca_file": None}})


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(site(tmp_path, "[sound]\nvolume = 3.0\n[uplink]\nport = 0\n"))
    assert [item.key for item in caught.value.problems] == ["sound.volume", "uplink.port"]


def test_settings_cannot_be_changed_while_running() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().site.clinic_name = "x"


def test_a_credential_is_found_where_systemd_put_it() -> None:
    assert resolve("credential:kiosk.key", {"CREDENTIALS_DIRECTORY": "/run/c"}) == Path("/run/c/kiosk.key")
    assert resolve("/etc/ca.pem", {}) == Path("/etc/ca.pem")


def test_a_credential_without_systemd_is_refused() -> None:
    with pytest.raises(ConfigError, match="no credentials directory"):
        resolve("credential:kiosk.key", {})


@pytest.mark.parametrize("name", sorted(PANELS))
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_panel_keeps_its_area(name: str, rotation: int) -> None:
    panel = KaopiConfig.model_validate({"panel": {"name": name, "rotation": rotation}}).panel
    assert panel.width * panel.height == PANELS[panel.name].width * PANELS[panel.name].height
    assert (panel.width == PANELS[panel.name].width) == (rotation in (0, 180))


@given(text=st.text(max_size=200))
def test_any_text_is_either_settings_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("site") / "site.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        assert isinstance(load(path), KaopiConfig)
    except ConfigError as error:
        assert all(problem.remedy for problem in error.problems)  # noqa: PT017


@given(
    section=st.sampled_from([name for name in KaopiConfig.model_fields if name != "simulator"]),
    key=st.from_regex(r"[a-z]{1,8}_[a-z]{9,12}", fullmatch=True),
)
def test_any_unknown_key_is_refused_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, section: str, key: str
) -> None:
    path = tmp_path_factory.mktemp("site") / "site.toml"
    path.write_text(f"\n[{section}]\n{key} = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [(item.line, item.key) for item in caught.value.problems] == [(3, f"{section}.{key}")]
