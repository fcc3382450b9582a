"""A set-up file is accepted whole or refused with file, line and reason; and what it says arrives where it belongs."""

from __future__ import annotations

import configparser
import datetime as dt
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader import durable
from reader.config.load import ConfigError, load
from reader.config.refusal import REFUSAL_FILE, refused
from reader.provision import importer, toml
from reader.provision.fleet import ONE, example, read_rows, write_setups
from reader.provision.importer import CONNECTION, provision
from reader.provision.network import keyfile
from reader.provision.schema import FILE_NAME, Network, load_setup

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl technician"
PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The set-up file of kiosk-1, as `kaopi provision write` makes it."""
    folder = tmp_path_factory.mktemp("clinic")
    template = folder / "clinic.toml"
    network = f'[network]\nssid = "clinic"\npassphrase = "{PASSPHRASE}"\n'
    template.write_text(example().replace("[network]\n", network), encoding="utf-8")
    (path,) = write_setups(template, ONE, folder / "ca", folder / "out", NOW)
    return path.read_text("utf-8")


@pytest.fixture
def boot(tmp_path: Path, written: str) -> Path:
    """A boot partition with that file, beside an empty root."""
    folder = tmp_path / "boot"
    folder.mkdir()
    (folder / FILE_NAME).write_text(written, encoding="utf-8")
    return folder


def complaints(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / FILE_NAME
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_setup(file, NOW)
    return [str(problem) for problem in caught.value.problems]


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def test_the_example_needs_nothing_but_certificates(tmp_path: Path) -> None:
    (complaint,) = complaints(tmp_path, example())
    assert "certificates" in complaint


def test_an_imported_kiosk_is_configured_connected_and_keeps_no_set_up_file(tmp_path: Path, boot: Path) -> None:
    assert provision(boot, tmp_path, NOW)
    config = load(tmp_path / "etc/kaopi/site.toml")
    assert (config.site.kiosk_id, config.uplink.host, config.site.production) == ("kiosk-1", "192.168.1.10", True)
    tls = tmp_path / "etc/kaopi/tls"
    assert sorted(path.name for path in tls.iterdir()) == ["ca.pem", "kiosk.key", "kiosk.pem"]
    connection = tmp_path / CONNECTION.relative_to("/")
    assert PASSPHRASE in connection.read_text("utf-8")
    for secret in (*tls.iterdir(), connection):
        assert secret.stat().st_mode & 0o777 == 0o600
    assert tls.stat().st_mode & 0o777 == 0o700
    assert list(boot.iterdir()) == []
    assert refused(tmp_path / REFUSAL_FILE.relative_to("/")) == []


def test_the_file_is_overwritten_before_it_is_removed(
    tmp_path: Path, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[bytes] = []
    unlink = Path.unlink

    def watched(path: Path, missing_ok: bool = False) -> None:
        if path.name == FILE_NAME:
            left.append(path.read_bytes())
        unlink(path, missing_ok=missing_ok)

    size = (boot / FILE_NAME).stat().st_size
    monkeypatch.setattr(Path, "unlink", watched)
    assert provision(boot, tmp_path, NOW)
    assert left == [bytes(size)]


@pytest.mark.parametrize("stop_before", ["ca.pem", "kiosk.key", CONNECTION.name, "site.toml", "the end"])
def test_a_power_cut_during_import_is_made_good_by_the_next_boot(
    tmp_path: Path, boot: Path, monkeypatch: pytest.MonkeyPatch, stop_before: str
) -> None:
    class PowerCut(BaseException):
        pass

    write, erase = durable.write, durable.erase

    def cut(path: Path, data: bytes, mode: int) -> None:
        if path.name == stop_before:
            raise PowerCut
        write(path, data, mode)

    def cut_erase(path: Path) -> None:
        if stop_before == "the end":
            raise PowerCut
        erase(path)

    with monkeypatch.context() as patch:
        patch.setattr(importer, "write", cut)
        patch.setattr(importer, "erase", cut_erase)
        with pytest.raises(PowerCut):
            provision(boot, tmp_path, NOW)
    assert (boot / FILE_NAME).exists()
    assert provision(boot, tmp_path, NOW)
    assert load(tmp_path / "etc/kaopi/site.toml").site.kiosk_id == "kiosk-1"
    assert list(boot.iterdir()) == []


def test_a_kiosk_that_is_set_up_starts_without_a_file(tmp_path: Path, boot: Path) -> None:
    assert provision(boot, tmp_path, NOW)
    assert provision(boot, tmp_path, NOW)


def test_a_blank_kiosk_says_that_it_was_not_set_up(tmp_path: Path) -> None:
    assert not provision(tmp_path / "boot", tmp_path, NOW)
    (problem,) = refused(tmp_path / REFUSAL_FILE.relative_to("/"))
    assert (problem.file, problem.what) == (FILE_NAME, "not there, and this kiosk was not set up yet")


def test_a_refused_file_stays_is_explained_and_changes_nothing(tmp_path: Path, boot: Path, written: str) -> None:
    text = written.replace("kiosk_id", "kiosk_if")
    (boot / FILE_NAME).write_text(text, encoding="utf-8")
    assert not provision(boot, tmp_path, NOW)
    problems = refused(tmp_path / REFUSAL_FILE.relative_to("/"))
    assert [(p.line, p.what, p.remedy) for p in problems] == [
        (line_of(text, "kiosk_if"), "unknown key", "Did you mean kiosk_id")
    ]
    assert (boot / FILE_NAME).read_text("utf-8") == text
    assert not (tmp_path / "etc").exists()


def test_a_corrected_file_is_imported_and_the_refusal_is_gone(tmp_path: Path, boot: Path, written: str) -> None:
    (boot / FILE_NAME).write_text(written.replace("kiosk_id", "kiosk_if"), encoding="utf-8")
    assert not provision(boot, tmp_path, NOW)
    (boot / FILE_NAME).write_text(written, encoding="utf-8")
    assert provision(boot, tmp_path, NOW)
    assert refused(tmp_path / REFUSAL_FILE.relative_to("/")) == []


def test_a_refusal_never_repeats_a_secret(tmp_path: Path, written: str) -> None:
    wrong = written.replace(PASSPHRASE, "short!!").replace("BEGIN PRIVATE KEY", "BEGIN PRIVATE KEI")
    said = "\n".join(complaints(tmp_path, wrong))
    assert f":{line_of(wrong, 'short!!')}: network.passphrase" in said
    assert "short!!" not in said
    wrong = written.replace("BEGIN PRIVATE KEY", "BEGIN PRIVATE KEI")
    said = "\n".join(complaints(tmp_path, wrong))
    assert "certificates.key" in said
    assert "PRIVATE" not in said


def test_a_file_from_a_windows_editor_is_read(tmp_path: Path, written: str) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"\xef\xbb\xbf" + written.replace("\n", "\r\n").encode())
    assert load_setup(file, NOW).config.site.kiosk_id == "kiosk-1"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kiosk_id = "kiosk-1"', 'kiosk_id = "kiosk-2"', "issued to kiosk-1, not to kiosk-2"),
        ('host = "192.168.1.10"', "host = 5", "uplink.host"),
        ('ssid = "clinic"\n', "", "ssid and passphrase go together"),
        (f'"{PASSPHRASE}"', '"secret!!\\nmode=ap"', "8 to 63 letters"),
        ('ssid = "clinic"', 'ssid = "clinic"\naddress = "10.0.0.9"', "no prefix length"),
        ('ssid = "clinic"', 'ssid = "clinic"\naddress = "10.0.0.9/24"\ngateway = "10.1.0.1"', "not in the network"),
        ('ssid = "clinic"', 'ssid = "clinic"\ndns = ["10.1.0.1"]', "belong to a fixed address"),
        ("[panel]", '[ssh]\nauthorized_keys = ["password"]\n[panel]', "not an ssh public key"),
        ("[panel]", '[files]\n"../evil" = "x"\n[panel]', "files"),
        ("[panel]", "[sehr]\n[panel]", "unknown key"),
    ],
)
def test_what_cannot_work_is_refused_at_the_desk_not_at_the_clinic(
    tmp_path: Path, written: str, old: str, new: str, says: str
) -> None:
    text = written.replace(old, new) if "ssh" not in new else written.replace("[ssh]\n", "").replace(old, new)
    assert says in "\n".join(complaints(tmp_path, text))


def test_certificates_of_another_ca_key_or_year_are_refused(tmp_path: Path, written: str) -> None:
    template = tmp_path / "clinic.toml"
    template.write_text(example(), encoding="utf-8")
    (path,) = write_setups(template, ONE, tmp_path / "other", tmp_path / "out", NOW)
    mine, theirs = tomllib.loads(written), tomllib.loads(path.read_text("utf-8"))
    for part, says in (("ca", "not issued by the ca"), ("key", "does not belong")):
        mixed = {**mine, "certificates": {**mine["certificates"], part: theirs["certificates"][part]}}
        assert says in "\n".join(complaints(tmp_path, toml.dumps(mixed)))
    file = tmp_path / FILE_NAME
    file.write_text(written, encoding="utf-8")
    with pytest.raises(ConfigError, match="expired on 2027"):
        load_setup(file, NOW + dt.timedelta(days=400))
    assert load_setup(file, None).besides.certificates is not None


def test_ssh_is_there_only_with_a_key_and_goes_with_it(tmp_path: Path, boot: Path, written: str) -> None:
    authorized = tmp_path / "etc/kaopi/ssh/authorized_keys"
    assert provision(boot, tmp_path, NOW)
    assert not authorized.exists()
    with_key = written.replace("[ssh]", "").replace("[panel]", f'[ssh]\nauthorized_keys = ["{SSH_KEY}"]\n[panel]')
    (boot / FILE_NAME).write_text(with_key, encoding="utf-8")
    assert provision(boot, tmp_path, NOW)
    assert authorized.read_text("utf-8") == SSH_KEY + "\n"
    host_key = tmp_path / "etc/kaopi/ssh/host_ed25519"
    assert host_key.stat().st_mode & 0o777 == 0o600
    kept = host_key.read_bytes()
    (boot / FILE_NAME).write_text(with_key, encoding="utf-8")
    assert provision(boot, tmp_path, NOW)
    assert host_key.read_bytes() == kept, "a kiosk keeps its ssh identity"
    (boot / FILE_NAME).write_text(written, encoding="utf-8")
    assert provision(boot, tmp_path, NOW)
    assert not authorized.exists()


def test_files_go_where_settings_can_name_them(tmp_path: Path, boot: Path, written: str) -> None:
    (boot / FILE_NAME).write_text(written + '\n[files]\n"jpki.pem" = "anchor"\n', encoding="utf-8")
    before = os.umask(0o077)  # as the unit has it
    try:
        assert provision(boot, tmp_path, NOW)
    finally:
        os.umask(before)
    anchor = tmp_path / "etc/kaopi/files/jpki.pem"
    assert anchor.read_text("utf-8") == "anchor"
    assert anchor.stat().st_mode & 0o777 == 0o644, "the kiosk's own user reads it"
    assert anchor.parent.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "etc/kaopi/site.toml").stat().st_mode & 0o777 == 0o644


# -- many kiosks ----------------------------------------------------------------------------------------------------


def test_a_csv_makes_one_file_a_kiosk_each_with_its_own_key(tmp_path: Path) -> None:
    template, table = tmp_path / "clinic.toml", tmp_path / "kiosks.csv"
    template.write_text(example(), encoding="utf-8")
    table.write_text(
        "\ufeffsite.kiosk_id,network.address,network.gateway,network.dns\n"
        "front,10.0.0.21/24,10.0.0.1,10.0.0.1;10.0.0.2\nback,,,\n",
        encoding="utf-8",
    )
    paths = list(write_setups(template, read_rows(table), tmp_path / "ca", tmp_path / "out", NOW))
    assert [path.parent.name for path in paths] == ["front", "back"]
    front, back = (load_setup(path, NOW).besides for path in paths)
    assert front.network.address == "10.0.0.21/24"
    assert [str(server) for server in front.network.dns] == ["10.0.0.1", "10.0.0.2"]
    assert back.network.address is None
    assert front.certificates is not None
    assert back.certificates is not None
    assert front.certificates.ca == back.certificates.ca
    assert front.certificates.key != back.certificates.key
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths)


def test_writing_again_keeps_the_ca_and_the_certificates(tmp_path: Path) -> None:
    template = tmp_path / "clinic.toml"
    template.write_text(example(), encoding="utf-8")
    (path,) = write_setups(template, ONE, tmp_path / "ca", tmp_path / "out", NOW)
    first = path.read_bytes()
    (path,) = write_setups(template, ONE, tmp_path / "ca", tmp_path / "out", NOW)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("site.clinic_name\nx\n", ":1: file: the header has no site.kiosk_id"),
        ("site.kiosk_id,wrong\na,b\n", ":1: file: the header has 'wrong'"),
        ("site.kiosk_id,certificates.key\na,b\n", "certificates.key"),
        ("site.kiosk_id,network.adress\na,b\n", "Did you mean network.address"),
        ("site.kiosk_id;network.address\na;b\n", ":1: file: the header has"),
        ("site.kiosk_id\na\na\n", ":3: site.kiosk_id: 'a' is there twice, first in line 2"),
        ('site.kiosk_id,site.clinic_name\na,"x"\n,y\n', ":3: site.kiosk_id: no kiosk_id"),
        ("site.kiosk_id,network.address\na,10.0.0.2/24\nb,10.0.0.2/24\n", ":3: network.address: '10.0.0.2/24' is"),
        ("site.kiosk_id\n", "no kiosk in it"),
        ('site.kiosk_id\n"a\n', "Close the quotation marks"),
        ("site.kiosk_id\na,b\n", "too many or too few cells"),
    ],
)
def test_a_bad_csv_is_refused_by_line(tmp_path: Path, table: str, says: str) -> None:
    file = tmp_path / "kiosks.csv"
    file.write_text(table, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_rows(file)
    assert says in str(caught.value)


def write_many(tmp_path: Path, template: str, table: str) -> str:
    """Write the kiosks of a table; return what it complains about. Nothing is left of a failure."""
    (tmp_path / "clinic.toml").write_text(template, encoding="utf-8")
    (tmp_path / "kiosks.csv").write_text(table, encoding="utf-8")
    rows = read_rows(tmp_path / "kiosks.csv")
    with pytest.raises(ConfigError) as caught:
        list(write_setups(tmp_path / "clinic.toml", rows, tmp_path / "ca", tmp_path / "out", NOW))
    assert not (tmp_path / "ca").exists()
    assert not (tmp_path / "out").exists()
    return str(caught.value)


def test_what_is_wrong_in_a_row_is_told_by_its_line_and_before_anything_is_written(tmp_path: Path) -> None:
    table = "site.kiosk_id,network.ssid,network.passphrase\nfront,clinic,long enough\nBack,clinic,\ndesk,,\n"
    said = write_many(tmp_path, example(), table)
    assert "kiosks.csv:3: site.kiosk_id: string should match" in said
    assert "kiosks.csv:3: network: ssid and passphrase go together" in said
    assert "kiosks.csv:4: site.kiosk_id: 'desk' is the name of another certificate" in said
    assert "kiosks.csv:2" not in said


def test_what_is_wrong_in_the_template_is_told_once_for_all_kiosks(tmp_path: Path) -> None:
    text = example().replace("[network]\n", '[network]\nssid = "clinic"\n')
    said = write_many(tmp_path, text, "site.kiosk_id\na\nb\nc\n")
    assert said.count("ssid and passphrase go together") == 1
    assert f"clinic.toml:{line_of(text, '[network]')}: network" in said


def test_a_broker_certificate_for_another_machine_is_noticed(tmp_path: Path) -> None:
    template = tmp_path / "clinic.toml"
    template.write_text(example(), encoding="utf-8")
    list(write_setups(template, ONE, tmp_path / "ca", tmp_path / "out", NOW))
    template.write_text(example().replace("192.168.1.10", "192.168.1.99"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"not for 192\.168\.1\.99"):
        list(write_setups(template, ONE, tmp_path / "ca", tmp_path / "out", NOW))


def test_a_missing_template_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="kaopi provision template"):
        list(write_setups(tmp_path / "clinic.toml", ONE, tmp_path / "ca", tmp_path / "out", NOW))


# -- the network ------------------------------------------------------------------------------------------------------


def parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.read_string(text)
    return parser


def test_a_cable_asks_by_dhcp_and_tries_for_ever() -> None:
    found = parsed(keyfile(Network(), "kiosk-1"))
    assert found["connection"]["type"] == "ethernet"
    assert found["ipv4"]["method"] == "auto"
    assert found["connection"]["autoconnect-retries"] == "0"
    assert "wifi" not in found


def test_a_fixed_address_brings_gateway_and_dns() -> None:
    network = Network.model_validate({"address": "10.0.0.9/24", "gateway": "10.0.0.1", "dns": ["10.0.0.1"]})
    found = parsed(keyfile(network, "kiosk-1"))["ipv4"]
    assert (found["method"], found["address1"], found["dns"]) == ("manual", "10.0.0.9/24,10.0.0.1", "10.0.0.1;")


PASSPHRASES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63)


@settings(deadline=None)
@given(ssid=st.text(min_size=1, max_size=8), passphrase=PASSPHRASES.filter(str.strip))
def test_no_name_or_passphrase_can_write_another_line(ssid: str, passphrase: str) -> None:
    text = keyfile(Network.model_construct(ssid=ssid, passphrase=passphrase), "k")
    found = parsed(text)
    assert bytes(map(int, found["wifi"]["ssid"].rstrip(";").split(";"))).decode() == ssid
    assert set(found.sections()) == {"connection", "wifi", "wifi-security", "ipv4", "ipv6"}
    line = next(line for line in text.splitlines() if line.startswith("psk="))
    value = line.removeprefix("psk=")
    assert value == value.strip(), "GLib drops bare spaces at the ends"
    assert re.sub(r"\\(.)", lambda found: {"s": " "}.get(found[1], found[1]), value) == passphrase


# -- TOML -----------------------------------------------------------------------------------------------------------

_NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
_SCALARS = st.one_of(st.booleans(), _NUMBERS, st.text())
_TABLES: Any = st.recursive(
    st.dictionaries(st.text(min_size=1), st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3)), max_size=4),
    lambda inner: st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(_TABLES)
def test_what_is_written_is_read_back(tables: dict[str, Any]) -> None:
    assert tomllib.loads(toml.dumps(tables)) == tables
