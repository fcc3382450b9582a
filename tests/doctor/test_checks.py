"""Every check finds its fault on a machine made for it, and says what to do in two languages."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hw_sim.card.authority import TEST_AUTHORITY

from reader.config.enrolling import WAITING_FILE
from reader.config.load import Problem
from reader.config.refusal import refuse
from reader.config.schema import KaopiConfig
from reader.devices.ports import Frame
from reader.doctor import link, machine, parts, picture, report
from reader.doctor.checks import CHECKS, examine, run, while_serving
from reader.doctor.command import doctor
from reader.doctor.finding import Check, Finding, How, Outcome, Patient, Words, good
from reader.uplink.devcerts import make_certificates

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def patient(root: Path, now: datetime = NOW, **sections: Any) -> Patient:
    """Return a machine that is only a folder, with settings over the defaults."""
    return Patient(KaopiConfig.model_validate(sections), root=root, now=lambda: now)


def put(root: Path, path: str, text: str) -> None:
    """Write a file of that machine."""
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


# -- machine ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("millidegrees", "outcome"), [(45_000, "ok"), (74_000, "warn"), (81_500, "fail")])
def test_heat_is_noticed_before_the_processor_slows_down(tmp_path: Path, millidegrees: int, outcome: str) -> None:
    put(tmp_path, "/sys/class/thermal/thermal_zone0/temp", "30000\n")
    put(tmp_path, "/sys/class/thermal/thermal_zone1/temp", f"{millidegrees}\n")
    assert machine.temperature(patient(tmp_path)).outcome == outcome


@pytest.mark.parametrize(
    ("bits", "outcome"), [("0", "ok"), ("50005", "fail"), ("50000", "warn"), ("4", "fail"), ("40000", "warn")]
)
def test_a_weak_power_supply_is_noticed(tmp_path: Path, bits: str, outcome: str) -> None:
    put(tmp_path, "/sys/devices/platform/soc/soc:firmware/get_throttled", bits + "\n")
    assert machine.power(patient(tmp_path)).outcome == outcome


def test_swap_is_a_fault_where_patients_are(tmp_path: Path) -> None:
    header = "Filename\tType\tSize\tUsed\tPriority\n"
    put(tmp_path, "/proc/swaps", header)
    assert machine.swap(patient(tmp_path)).outcome is Outcome.OK
    put(tmp_path, "/proc/swaps", header + "/var/swap file 102396 0 -2\n")
    assert machine.swap(patient(tmp_path)).outcome is Outcome.FAIL
    assert machine.swap(patient(tmp_path, site={"production": False})).outcome is Outcome.WARN


def test_core_dumps_are_a_fault(tmp_path: Path) -> None:
    put(tmp_path, "/proc/sys/kernel/core_pattern", "|/bin/false\n")
    assert machine.core_dumps(patient(tmp_path)).outcome is Outcome.OK
    put(tmp_path, "/proc/sys/kernel/core_pattern", "core\n")
    assert machine.core_dumps(patient(tmp_path)).outcome is Outcome.FAIL


def test_a_clock_before_the_software_was_made_is_wrong(tmp_path: Path) -> None:
    assert machine.clock(patient(tmp_path, datetime(1970, 1, 1, tzinfo=UTC))).outcome is Outcome.FAIL
    assert machine.clock(patient(tmp_path)).outcome is Outcome.WARN
    put(tmp_path, "/run/systemd/timesync/synchronized", "")
    assert machine.clock(patient(tmp_path)).outcome is Outcome.OK


@pytest.mark.parametrize(("life", "outcome"), [("0x01 0x02", "ok"), ("0x03 0x0a", "warn")])
def test_worn_memory_is_noticed(tmp_path: Path, life: str, outcome: str) -> None:
    put(tmp_path, "/sys/block/mmcblk0/device/life_time", life + "\n")
    assert machine.disk_wear(patient(tmp_path)).outcome == outcome


def test_a_full_disk_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.disk(patient(tmp_path)).outcome is Outcome.OK
    monkeypatch.setattr(machine, "_LEAST_FREE", 1 << 60)
    assert machine.disk(patient(tmp_path)).outcome is Outcome.FAIL


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.libraries(patient(tmp_path)).outcome is Outcome.OK
    monkeypatch.setattr(machine, "requires", lambda name: ["no-such-library>=2", 'x>1; extra == "pcsc"'])
    found = machine.libraries(patient(tmp_path))
    assert (found.outcome, found.detail) == (Outcome.FAIL, "missing: no-such-library")


# -- link ------------------------------------------------------------------------------------------------------


def issue(
    folder: Path, name: str, *, days: int = 365, signer: ec.EllipticCurvePrivateKey | None = None
) -> ec.EllipticCurvePrivateKey:
    """Write ca.pem, kiosk.pem and kiosk.key of a small authority. ``signer`` signs instead of the CA's key."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def certificate(subject: str, public: ec.EllipticCurvePublicKey, by: ec.EllipticCurvePrivateKey) -> bytes:
        ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "clinic CA")])
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=400))
            .not_valid_after(NOW + timedelta(days=days))
            .sign(by, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    (folder / "ca.pem").write_bytes(certificate("clinic CA", ca_key.public_key(), ca_key))
    (folder / "kiosk.pem").write_bytes(certificate(name, key.public_key(), signer or ca_key))
    (folder / "kiosk.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key


@pytest.mark.parametrize(("days", "outcome"), [(365, "ok"), (10, "warn"), (-1, "fail")])
def test_certificates_are_announced_a_month_before_they_end(tmp_path: Path, days: int, outcome: str) -> None:
    issue(tmp_path / "etc/kaopi/tls", "kiosk-1", days=days)
    assert link.certificates(patient(tmp_path)).outcome == outcome


def test_a_certificate_of_another_kiosk_is_a_fault(tmp_path: Path) -> None:
    issue(tmp_path / "etc/kaopi/tls", "kiosk-2")
    assert "kiosk-2" in link.certificates(patient(tmp_path)).detail


def test_a_certificate_of_another_clinic_is_a_fault(tmp_path: Path) -> None:
    issue(tmp_path / "etc/kaopi/tls", "kiosk-1", signer=ec.generate_private_key(ec.SECP256R1()))
    assert "not signed by this CA" in link.certificates(patient(tmp_path)).detail


def test_a_key_that_does_not_fit_is_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "etc/kaopi/tls"
    issue(folder, "kiosk-1")
    other = (folder / "kiosk.key").read_bytes()
    issue(folder, "kiosk-1")
    (folder / "kiosk.key").write_bytes(other)
    assert link.certificates(patient(tmp_path)).outcome is Outcome.FAIL


def test_missing_certificates_are_named(tmp_path: Path) -> None:
    assert "kiosk.pem is missing" in link.certificates(patient(tmp_path)).detail


def test_a_certificate_that_is_still_waited_for_says_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "etc/kaopi").mkdir(parents=True)
    (tmp_path / "etc/kaopi/enrolling").touch()
    refuse(
        [Problem("desk:8738", None, "", "no answer", "Look there", "答えがありません。")],
        tmp_path / str(WAITING_FILE)[1:],
    )
    found = link.certificates(patient(tmp_path))
    assert found.outcome is Outcome.FAIL
    assert found.detail == "not there yet: no answer"
    assert found.remedy is not None
    assert (found.remedy.ja, found.remedy.en) == ("答えがありません。", "Look there.")


def test_an_outbox_that_is_no_database_is_a_fault(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/kaopi/outbox"
    assert link.outbox(patient(tmp_path)).outcome is Outcome.FAIL
    folder.mkdir(parents=True)
    assert link.outbox(patient(tmp_path)).outcome is Outcome.OK
    (folder / "outbox.sqlite3").write_bytes(b"not a database, but long enough to be read as one" * 20)
    assert link.outbox(patient(tmp_path)).outcome is Outcome.FAIL


def test_a_broker_that_is_off_is_a_fault(tmp_path: Path) -> None:
    found = link.broker(patient(tmp_path, uplink={"host": "127.0.0.1", "port": 9}))
    assert found.outcome is Outcome.FAIL
    assert "127.0.0.1:9" in found.detail


@pytest.fixture
def clinic_pc(tmp_path: Path) -> Iterator[Callable[..., Patient]]:
    """Make a broker's TLS on this machine, and a kiosk that holds certificates of the same clinic or of another one."""
    folder = make_certificates(tmp_path / "ca", ["kiosk-1"], now=datetime.now(UTC))
    stranger = make_certificates(tmp_path / "other", ["kiosk-1"], now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(folder.tls("broker").ca)
    context.load_cert_chain(folder.tls("broker").certificate, folder.tls("broker").key)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError), context.wrap_socket(server.accept()[0], server_side=True) as peer:
                    peer.settimeout(5)
                    peer.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()

        def kiosk(ca: bool = True, own: bool = True, host: str = "127.0.0.1") -> Patient:
            keys = tmp_path / "etc/kaopi/tls"
            keys.mkdir(parents=True)
            mine = (folder if own else stranger).tls("kiosk-1")
            (keys / "ca.pem").write_bytes((folder if ca else stranger).tls("kiosk-1").ca.read_bytes())
            (keys / "kiosk.pem").write_bytes(mine.certificate.read_bytes())
            (keys / "kiosk.key").write_bytes(mine.key.read_bytes())
            return patient(tmp_path, uplink={"host": host, "port": server.getsockname()[1]})

        yield kiosk
        over.set()
        with contextlib.suppress(OSError), socket.create_connection(server.getsockname()):
            pass
        thread.join()


def test_the_broker_takes_a_kiosk_of_its_own_clinic(clinic_pc: Callable[..., Patient]) -> None:
    found = link.broker(clinic_pc())
    assert (found.outcome, found.detail[-7:]) == (Outcome.OK, "TLSv1.3")


def test_a_kiosk_that_the_broker_refuses_is_told_that_it_is_its_own_certificate(
    clinic_pc: Callable[..., Patient],
) -> None:
    found = link.broker(clinic_pc(own=False))
    assert found.outcome is Outcome.FAIL
    assert "refuses this kiosk's certificate" in found.detail


def test_a_broker_of_another_clinic_is_not_believed(clinic_pc: Callable[..., Patient]) -> None:
    found = link.broker(clinic_pc(ca=False))
    assert found.outcome is Outcome.FAIL
    assert "its certificate is refused" in found.detail


def test_a_broker_under_another_name_is_not_believed(clinic_pc: Callable[..., Patient]) -> None:
    found = link.broker(clinic_pc(host="127.0.0.2"))
    assert found.outcome is Outcome.FAIL


# -- parts -----------------------------------------------------------------------------------------------------


def frame(level: int) -> Frame:
    """Return an even picture."""
    return Frame(np.full((480, 640, 3), level, np.uint8), 0.0, 1)


@pytest.mark.parametrize(("level", "outcome"), [(0, "fail"), (120, "ok"), (254, "fail")])
def test_black_and_white_pictures_are_faults(level: int, outcome: str) -> None:
    assert picture.light(frame(level)).outcome == outcome


def test_a_device_that_fails_is_told_with_the_adapters_own_words(tmp_path: Path) -> None:
    found = parts.camera(
        patient(tmp_path, devices={"camera": {"name": "webcam", "settings": {"device": "/dev/video99"}}})
    )
    assert found.outcome is Outcome.FAIL
    assert "/dev/video99" in found.detail


def test_what_is_switched_off_is_skipped(tmp_path: Path) -> None:
    off = {part: {"name": "disabled"} for part in ("camera", "lamps", "speaker")}
    here = patient(tmp_path, devices=off)
    assert {check(here).outcome for check in (parts.camera, parts.lamps, parts.speaker)} == {Outcome.SKIPPED}


def test_an_adapter_that_is_not_installed_is_named(tmp_path: Path) -> None:
    found = parts.adapters(patient(tmp_path, devices={"camera": {"name": "nikon"}}))
    assert "camera.nikon is not installed" in found.detail


def test_missing_models_are_named(tmp_path: Path) -> None:
    found = parts.models(patient(tmp_path, face={"models_dir": tmp_path / "none"}))
    assert found.outcome is Outcome.FAIL
    assert "face_detector" in found.detail


@pytest.mark.parametrize(("production", "outcome"), [(True, "fail"), (False, "warn")])
def test_without_authorities_no_card_is_believed(tmp_path: Path, production: bool, outcome: str) -> None:
    found = parts.anchors(patient(tmp_path, site={"production": production}))
    assert found.outcome == outcome
    assert "0 of JPKI" in found.detail


def trusting(root: Path, now: datetime = NOW) -> Patient:
    """Return a machine that believes the simulator's authority."""
    jpki, face = TEST_AUTHORITY.trust_files()
    put(root, "/etc/kaopi/jpki.pem", jpki)
    put(root, "/etc/kaopi/face.json", face)
    trust = {"jpki_ca_files": ["/etc/kaopi/jpki.pem"], "card_face_ca_files": ["/etc/kaopi/face.json"]}
    return patient(root, now, trust=trust)


def test_authorities_are_counted_and_their_end_is_noticed(tmp_path: Path) -> None:
    assert parts.anchors(trusting(tmp_path)).outcome is Outcome.OK
    ended = parts.anchors(trusting(tmp_path, datetime(2199, 1, 1, tzinfo=UTC)))
    assert ended.outcome is Outcome.FAIL
    assert "have ended" in ended.detail


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    here = trusting(tmp_path)
    put(tmp_path, "/etc/kaopi/jpki.pem", "not a certificate")
    assert "jpki.pem" in parts.anchors(here).detail


def test_a_refused_site_file_is_the_first_finding_and_the_rest_still_runs(tmp_path: Path) -> None:
    put(tmp_path, "/etc/kaopi/site.toml", "[sound]\nvolume = 9\n")
    found = list(run(examine(root=tmp_path), only=["config", "python"]))
    assert [(check.id, finding.outcome.value) for check, finding in found] == [("config", "fail"), ("python", "ok")]
    assert "site.toml:2: sound.volume" in found[0][1].detail


# -- the list and the report -----------------------------------------------------------------------------------


def test_ids_are_unique_and_titles_in_both_languages() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert re.search(r"[぀-ヿ一-鿿]|Python", check.title.ja), check.id
        assert check.title.en.isascii(), check.id


def test_no_failure_leaves_the_technician_without_a_remedy(tmp_path: Path) -> None:
    for check, finding in run(patient(tmp_path), [check for check in CHECKS if check.how is How.PROBED]):
        if finding.outcome in (Outcome.WARN, Outcome.FAIL):
            assert finding.remedy is not None, check.id
            assert re.search(r"[぀-ヿ一-鿿]", finding.remedy.ja), check.id


def test_a_check_that_breaks_is_a_failure_and_not_the_end(tmp_path: Path) -> None:
    def breaks(_: Patient) -> Finding:
        raise RuntimeError("boom")

    def works(_: Patient) -> Finding:
        return good()

    checks = [
        Check("a", Words("あ", "a"), How.PROBED, breaks),
        Check("b", Words("い", "b"), How.PROBED, works),
    ]
    found = list(run(patient(tmp_path), checks))
    assert [finding.outcome for _, finding in found] == [Outcome.FAIL, Outcome.OK]
    assert "RuntimeError: boom" in found[0][1].detail


def test_an_unknown_check_is_refused_with_the_list(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no check warp_core; there are: config"):
        list(run(patient(tmp_path), only=["warp_core"]))


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [([Outcome.OK, Outcome.SKIPPED], 0), ([Outcome.WARN], 0), ([Outcome.OK, Outcome.FAIL], 1), ([], 0)],
)
def test_a_warning_does_not_stop_a_patient_and_a_failure_does(outcomes: list[Outcome], code: int) -> None:
    nothing: Callable[[Patient], Finding] = lambda _: good()  # noqa: E731
    found = [(Check(str(n), Words("", ""), How.PROBED, nothing), Finding(o)) for n, o in enumerate(outcomes)]
    assert report.exit_code(found) == code


def test_json_for_the_desk_carries_remedies_in_both_languages(tmp_path: Path) -> None:
    written: list[str] = []
    code = doctor(as_json=True, only=["certificates"], write=written.append)
    said = json.loads("".join(written))
    assert said["checks"][0]["id"] == "certificates"
    assert said["outcome"] in ("ok", "warn", "fail")
    assert (said["outcome"] == "fail") == bool(code)


def test_quick_leaves_out_what_takes_the_devices_from_a_running_kiosk() -> None:
    quick = {check.id for check in CHECKS if check.quick and not check.alone}
    assert not quick & {"camera", "display", "speaker", "lamps", "card_front"}
    assert {"config", "models", "outbox", "card_reader"} <= quick


def test_beside_a_running_kiosk_what_it_holds_is_not_opened(tmp_path: Path) -> None:
    put(
        tmp_path,
        "/proc/412/cmdline",
        "/usr/lib/kaopi/bin/python3\0-IB\0/usr/bin/kaopi\0run\0--site\0/etc/kaopi/site.toml\0",
    )
    found = dict(run(patient(tmp_path), only=["display", "lamps", "speaker", "camera"]))
    assert {finding.outcome for finding in found.values()} == {Outcome.SKIPPED}
    assert all("systemctl stop kaopi-kiosk" in finding.detail for finding in found.values())


def test_after_the_kiosk_was_stopped_its_parts_are_tested(tmp_path: Path) -> None:
    put(tmp_path, "/proc/413/cmdline", "/usr/lib/kaopi/bin/python3\0-IB\0/usr/bin/kaopi\0uplink\0")
    headless = {"display": {"name": "headless"}}
    ((_, finding),) = run(patient(tmp_path, devices=headless), only=["display"])
    assert finding.outcome is Outcome.OK


def test_from_within_the_kiosk_only_what_needs_no_device_and_no_secret_is_asked(tmp_path: Path) -> None:
    asked = {check.id for check, _ in while_serving(patient(tmp_path))}
    assert {"config", "models", "temperature", "disk", "clock", "outbox"} <= asked
    assert not asked & {"certificates", "camera", "display", "lamps", "speaker", "broker", "line"}
