"""What the page shows, as plain records made from the store: Japanese words chosen here, markup in the templates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from reader.desk.figures import BINS_S, Figures, day_start, figures
from reader.desk.store import Check, KioskRow, Store, StoredAlert, StoredResult
from reader.session.failures import Failure
from reader.session.vocabulary import CertificateState, Consent, Method, Outcome, Part, Prescription, VisualReason
from reader.text.failures import FALLBACKS, load_failures
from reader.uplink.messages import JST, ResultMessage, Service, State

Tone = Literal["good", "info", "watch", "bad"]

METHODS: Final = {Method.FACE: "顔", Method.PIN: "暗証番号", Method.VISUAL: "目視"}
OUTCOMES: Final = {
    Outcome.ACCEPTED: "確認できました",
    Outcome.REFUSED: "確認できませんでした",
    Outcome.ABORTED: "途中で終わりました",
    Outcome.REFERRED: "受付へ案内しました",
}
CONSENTS: Final = {
    Consent.DIAGNOSIS: "診療",
    Consent.MEDICATION: "薬剤",
    Consent.OPERATION: "手術",
    Consent.HEALTH_CHECKUP: "健診",
    Consent.SPECIFIC_DISEASE: "特定疾病",
}
REASONS: Final = {
    VisualReason.FACE_AND_PIN_FAILED: "顔も暗証番号も使えない",
    VisualReason.CANNOT_REACH: "けが・車いすなどで届かない",
    VisualReason.UNWELL: "体調が悪い",
    VisualReason.COGNITIVE: "操作がむずかしい",
    VisualReason.DEVICE_FAULT: "機械の調子が悪い",
    VisualReason.OTHER: "そのほか",
}
PARTS: Final = {
    Part.CAMERA: "顔のカメラ",
    Part.CARD_READER: "カードリーダー",
    Part.CARD_CAMERA: "カード表面のカメラ",
    Part.DESK: "受付パソコンとの通信",
    Part.OUTBOX: "結果の保存",
    Part.CLOCK: "時計",
    Part.MODELS: "顔認証のデータ",
    Part.TEMPERATURE: "温度",
}
_SERVICES: Final[Mapping[Service, tuple[str, Tone]]] = {
    Service.STARTING: ("起動しています", "info"),
    Service.READY: ("使えます", "good"),
    Service.BUSY: ("患者さんが使っています", "info"),
    Service.STAFF_CALLED: ("患者さんが職員を呼んでいます", "watch"),
    Service.OUT_OF_SERVICE: ("止まっています", "bad"),
}
_CHECKS: Final[Mapping[Check, tuple[str, Tone] | None]] = {
    "notApplicable": None,
    "ok": None,
    "localNonce": ("通信が切れている間の暗証番号による確認です", "info"),
    "bad": ("カードの署名が合いません。資格確認端末で確かめてください", "bad"),
    "unknownNonce": ("署名の合言葉が当方のものではありません。資格確認端末で確かめてください", "bad"),
}
_CERTIFICATES: Final[Mapping[CertificateState, tuple[str, Tone] | None]] = {
    CertificateState.VALID: None,
    CertificateState.EXPIRING_SOON: ("電子証明書の期限が近づいています。更新をお勧めしてください", "watch"),
    CertificateState.GRACE: ("電子証明書の期限が切れています（3か月の猶予中）。情報提供の同意はできません", "watch"),
    CertificateState.EXPIRED: ("電子証明書の期限が切れています", "bad"),
    CertificateState.NONE: ("電子証明書がありません", "bad"),
}
_AT_KIOSK: Final = {"at_kiosk": "機械の前で始めました"}
_ANSWER_WAIT: Final = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Watch:
    """One thing to look at."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class PatientView:
    """One visit: number of the day, when, where, how it ended, what to watch."""

    result_id: str
    number: int
    time: str
    kiosk: str
    outcome: str
    tone: Tone
    method: str
    consents: tuple[tuple[str, str], ...]
    prescription: str
    watch: tuple[Watch, ...]
    seconds: int
    seen_by: str
    known: bool  # by a key that names nobody: something can be kept for next time
    remembered: bool  # today's answers are offered next time
    not_registered: bool  # asked about 利用登録 next time


@dataclass(frozen=True, slots=True)
class VisualView:
    """目視確認 at one kiosk."""

    stage: str
    operator: str
    ends_at: int  # Unix seconds


@dataclass(frozen=True, slots=True)
class Pending:
    """An order sent that the kiosk has not answered by its state yet."""

    what: str
    at: datetime
    action: str

    def answered_by(self, state: State) -> bool:
        """Return whether this state is what was ordered, or makes the order pointless."""
        if not state.online:
            return True
        armed = state.visual_check is not None
        return armed if self.action == "start" else not armed


@dataclass(frozen=True, slots=True)
class KioskView:
    """One kiosk."""

    name: str
    online: bool
    status: str
    tone: Tone
    since: str
    watch: tuple[Watch, ...]
    visual: VisualView | None
    pending: str
    late: bool


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert with what staff can do about it."""

    alert_id: str
    time: str
    kiosk: str
    code: str
    text: str
    remedy: tuple[str, ...]
    fallbacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart."""

    label: str
    value: int


@dataclass(frozen=True, slots=True)
class PageView:
    """Everything on the page."""

    day: str
    kiosks: tuple[KioskView, ...]
    patients: tuple[PatientView, ...]
    alerts: tuple[AlertView, ...]
    visits: int
    accepted: int
    methods: tuple[Bar, ...]
    failures: tuple[Bar, ...]
    durations: tuple[Bar, ...]
    median: str
    p90: str


def _local(moment: datetime, form: str = "%H:%M") -> str:
    return moment.astimezone(JST).strftime(form)


def failure_words(code: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return (what happened, remedies, fall-backs) of a failure id, also of one this version does not know."""
    try:
        words = load_failures()[Failure(code)]
    except ValueError:
        return f"不明な知らせ（{code}）です。受付ソフトを新しくしてください", (), ()
    return words.staff, words.remedy, FALLBACKS if words.fallbacks else ()


def watch_of(row: StoredResult) -> tuple[Watch, ...]:
    """Return what staff should look at with this patient, most important first."""
    message = row.message
    found: list[Watch] = []
    check = _CHECKS[row.signature_check]
    if check:
        found.append(Watch(*check))
    if message.failure is not None and message.outcome is not Outcome.ACCEPTED:
        found.append(Watch(f"{failure_words(message.failure.value)[0]}（{message.failure.value}）", "watch"))
    state = _CERTIFICATES[message.certificate.state] if message.certificate else None
    if state and message.certificate:
        until = f"（{message.certificate.not_after}）" if message.certificate.not_after else ""
        found.append(Watch(state[0] + until, state[1]))
    if message.registration_requested:
        found.append(Watch("健康保険証の利用登録を希望しています", "watch"))
    if message.verification.method is Method.VISUAL:
        reason = message.verification.reason or ""
        words = REASONS[VisualReason(reason)] if reason in list(VisualReason) else _AT_KIOSK.get(reason, reason)
        found.append(Watch(f"目視確認：{message.verification.operator}（{words}）", "info"))
    if not message.clock_synced:
        found.append(Watch("機械の時計が合っていません。時刻は正しくないかもしれません", "info"))
    return tuple(sorted(found, key=lambda one: ("bad", "watch", "info", "good").index(one.tone)))


def _consents(message: ResultMessage) -> tuple[tuple[str, str], ...]:
    """Return (said, about what) groups: what was agreed to, what was not."""
    if message.consents is None:
        return ()
    answers = message.consents.answers()
    groups = [
        (said, "・".join(words for consent, words in CONSENTS.items() if answers.get(consent) is meant))
        for said, meant in (("同意", True), ("不同意", False))
    ]
    return tuple((said, about) for said, about in groups if about)


def _patient(
    row: StoredResult, number: int, remembered: Collection[str], not_registered: Collection[str]
) -> PatientView:
    message = row.message
    accepted = message.outcome is Outcome.ACCEPTED
    choice = {None: "", Prescription.ELECTRONIC: "電子", Prescription.PAPER: "紙"}[message.prescription_issue_select]
    watch = watch_of(row)
    tone: Tone = "good" if accepted else "watch"
    if any(one.tone == "bad" for one in watch):
        tone = "bad"
    method = message.verification.method
    return PatientView(
        result_id=str(message.result_id),
        number=number,
        time=_local(message.finished_at),
        kiosk=message.kiosk,
        outcome=OUTCOMES[message.outcome],
        tone=tone,
        method=METHODS[method] if method and accepted else "",
        consents=_consents(message),
        prescription=choice,
        watch=watch,
        seconds=round((message.finished_at - message.started_at).total_seconds()),
        seen_by=row.seen_by or "",
        known=message.patient_key is not None,
        remembered=message.patient_key in remembered,
        not_registered=message.patient_key in not_registered,
    )


def _kiosk(row: KioskRow, pending: Pending | None, now: datetime) -> KioskView:
    state = row.state
    if state is None or not state.online:
        at = f"{_local(row.state_at)} から" if row.state_at else ""
        return KioskView(row.kiosk, False, "つながっていません", "bad", at, (), None, "", False)
    status, tone = _SERVICES[state.service]
    watch = [
        Watch(f"{PARTS[part]}：{failure_words(failure.value)[0]}（{failure.value}）", "watch")
        for part, failure in state.missing.items()
    ]
    if row.health is not None:
        watch += [
            Watch(f"{finding.title}：{finding.remedy}", "bad" if finding.condition == "fault" else "watch")
            for finding in row.health.findings or ()
            if finding.code not in state.missing  # said above, in the session's words
        ]
    if state.card_left:
        watch.insert(0, Watch("カードが置き忘れられています", "bad"))
    late = pending is not None and now - pending.at > _ANSWER_WAIT
    return KioskView(
        name=row.kiosk,
        online=True,
        status=status,
        tone="watch" if watch and tone == "good" else tone,
        since="",
        watch=tuple(watch),
        visual=_visual(state, row.state_at),
        pending=pending.what if pending else "",
        late=late,
    )


def _visual(state: State, heard_at: datetime | None) -> VisualView | None:
    visual = state.visual_check
    if visual is None or heard_at is None:
        return None
    return VisualView(
        stage=visual.stage,
        operator=visual.operator,
        ends_at=round(heard_at.timestamp() + visual.seconds_left),
    )


def _alert(alert: StoredAlert) -> AlertView:
    text, remedy, fallbacks = failure_words(alert.failure)
    return AlertView(str(alert.alert_id), _local(alert.raised_at), alert.kiosk, alert.failure, text, remedy, fallbacks)


def _durations(found: Figures) -> tuple[Bar, ...]:
    labels = [f"{high}秒未満" for high in BINS_S] + [f"{BINS_S[-1]}秒以上"]
    return tuple(Bar(label, count) for label, count in zip(labels, found.seconds, strict=True))


def page_view(store: Store, now: datetime, pending: Mapping[str, Pending]) -> PageView:
    """Return the page as of ``now``: today's patients, newest first."""
    rows = store.results(day_start(now))
    found = figures(rows)
    keys = {row.message.patient_key for row in rows if row.message.patient_key is not None}
    kept = store.with_consents(keys), store.not_registered(keys)
    return PageView(
        day=_day(now),
        kiosks=tuple(_kiosk(row, pending.get(row.kiosk), now) for row in store.kiosks()),
        patients=tuple(_patient(row, len(rows) - index, *kept) for index, row in enumerate(rows)),
        alerts=tuple(_alert(alert) for alert in store.open_alerts()),
        visits=found.visits,
        accepted=found.outcomes[Outcome.ACCEPTED],
        methods=tuple(Bar(METHODS[method], count) for method, count in found.methods.items()),
        failures=tuple(Bar(_short(failure), count) for failure, count in found.failures.items()),
        durations=_durations(found),
        median="" if found.median_s is None else f"{found.median_s:.0f}",
        p90="" if found.p90_s is None else f"{found.p90_s:.0f}",
    )


def _day(now: datetime) -> str:
    local = now.astimezone(JST)
    return f"{local.year}年{local.month}月{local.day}日（{'月火水木金土日'[local.weekday()]}）"


_SHORT: Final = {
    Failure.FACE_NOT_MATCHED: "写真と合わない",
    Failure.FACE_NOT_LIVE: "本人の顔と分からない",
    Failure.FACE_NOT_SEEN: "顔が見えない",
    Failure.FACE_LIGHT: "明るさ",
    Failure.PATIENT_LEFT: "離れた",
}


def _short(failure: Failure) -> str:
    return _SHORT[failure]
