"""The list of checks, in the order a technician goes through them, and how to run it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from reader.config.load import SITE_FILE, ConfigError, load
from reader.config.schema import KaopiConfig
from reader.doctor import link, machine, parts, site
from reader.doctor.finding import Check, Finding, How, Outcome, Patient, Words, skipped

_IN_USE = "the running kiosk uses it; for this check: systemctl stop kaopi-kiosk"

CHECKS: tuple[Check, ...] = (
    Check("config", Words("設定ファイル", "Settings"), How.PROBED, parts.configuration),
    Check("python", Words("Pythonの版", "Python version"), How.PROBED, machine.python),
    Check("libraries", Words("ソフトウェアの部品", "Libraries"), How.PROBED, machine.libraries),
    Check("adapters", Words("機器のドライバー", "Device adapters"), How.PROBED, parts.adapters),
    Check("models", Words("顔照合モデル", "Face models"), How.PROBED, parts.models),
    Check("anchors", Words("カードの認証局", "Card authorities"), How.PROBED, parts.anchors),
    Check("power", Words("電源の電圧", "Power supply"), How.PROBED, machine.power),
    Check("temperature", Words("本体の温度", "Temperature"), How.PROBED, machine.temperature),
    Check("disk", Words("空き容量", "Disk space"), How.PROBED, machine.disk),
    Check("disk_wear", Words("記憶装置の消耗", "Disk wear"), How.PROBED, machine.disk_wear),
    Check("swap", Words("スワップの停止", "Swap is off"), How.PROBED, machine.swap),
    Check("core_dumps", Words("コアダンプの停止", "Core dumps are off"), How.PROBED, machine.core_dumps),
    Check("restarted", Words("電源の入れ直し", "Restarted lately"), How.PROBED, site.restarted),
    Check("updates", Words("更新の確認", "Updates"), How.PROBED, site.updates),
    Check("cables", Words("LANケーブル", "Network cable"), How.PROBED, site.cables),
    Check("clock", Words("時計", "Clock"), How.PROBED, machine.clock),
    Check("outbox", Words("結果の保管", "Outbox"), How.PROBED, link.outbox),
    Check("certificates", Words("通信の証明書", "Certificates"), How.PROBED, link.certificates, secret=True),
    Check("broker", Words("受付PCとの接続", "Connection to the clinic PC"), How.EXERCISED, link.broker, quick=False),
    Check("line", Words("回線の混み具合", "Shared line"), How.EXERCISED, site.line, quick=False),
    Check("card_reader", Words("カードリーダー", "Card reader"), How.EXERCISED, parts.card_reader),
    Check("camera", Words("カメラ", "Camera"), How.EXERCISED, parts.camera, alone=True),
    Check(
        "camera_focus",
        Words("カメラのピント", "Camera focus"),
        How.EXERCISED,
        parts.camera_focus,
        alone=True,
    ),
    Check(
        "camera_glare",
        Words("カメラへの直射", "Light into the camera"),
        How.EXERCISED,
        parts.camera_glare,
        alone=True,
    ),
    Check("camera_haze", Words("レンズの汚れ", "Dirty lens"), How.EXERCISED, parts.camera_haze, alone=True),
    Check(
        "camera_flicker",
        Words("照明のちらつき", "Flicker"),
        How.EXERCISED,
        parts.camera_flicker,
        alone=True,
    ),
    Check(
        "card_front",
        Words("カード挿入口のカメラ", "Card-slot camera"),
        How.EXERCISED,
        parts.card_front,
        alone=True,
    ),
    Check("display", Words("画面", "Screen"), How.EXERCISED, parts.display, alone=True),
    Check("lamps", Words("ランプ", "Lamps"), How.EXERCISED, parts.lamps, alone=True),
    Check("speaker", Words("スピーカー", "Loudspeaker"), How.EXERCISED, parts.speaker, alone=True),
)


def examine(site_file: Path | None = None, root: Path = Path("/")) -> Patient:
    """Return the patient: the given site file, else /etc/kaopi/site.toml where there is one, else the defaults.

    A refused site file does not stop the doctor; it becomes the first finding.
    """
    file = site_file
    if file is None and (root / str(SITE_FILE).lstrip("/")).exists():
        file = root / str(SITE_FILE).lstrip("/")
    try:
        return Patient(load(file), file, root=root)
    except ConfigError as error:
        return Patient(_defaults(), file, error, root)


def _defaults() -> KaopiConfig:
    return load()


def run(
    patient: Patient, checks: Sequence[Check] = CHECKS, *, quick: bool = False, only: Sequence[str] = ()
) -> Iterator[tuple[Check, Finding]]:
    """Yield each check with what it found. A check that itself breaks is a failure, and the rest still run.

    Raises ValueError when ``only`` names an unknown check.
    """
    unknown = set(only) - {check.id for check in checks}
    if unknown:
        raise ValueError(f"no check {', '.join(sorted(unknown))}; there are: {', '.join(c.id for c in checks)}")
    for check in checks:
        if (quick and (check.alone or not check.quick)) or (only and check.id not in only):
            continue
        yield check, _run_one(check, patient)


def while_serving(patient: Patient) -> Iterator[tuple[Check, Finding]]:
    """Yield what can be said from within the kiosk's own process while patients are served.

    Nothing is opened that the kiosk holds, and nothing secret read. It takes a second or two: not for the main loop.
    """
    yield from run(patient, [check for check in CHECKS if not check.secret], quick=True)


def kiosk_runs(patient: Patient) -> bool:
    """Return whether the kiosk runs as a service, and so holds camera, lamps, sound and screen."""
    for file in patient.path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if b"run" in words and b"/usr/bin/kaopi" in words:
            return True
    return False


def _run_one(check: Check, patient: Patient) -> Finding:
    if check.alone and kiosk_runs(patient):
        return skipped(_IN_USE)
    try:
        return check.run(patient)
    except Exception as error:  # one broken check must not hide the others
        return Finding(
            Outcome.FAIL,
            f"the check itself broke: {type(error).__name__}: {error}",
            Words("この行を技術担当に知らせてください。", "Report this line to kaopi's maintainers."),
        )
