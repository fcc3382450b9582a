"""The bring-up report as one page to read, search and print: plain HTML, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version

from jinja2 import Environment

from reader.config.schema import KaopiConfig
from reader.doctor.finding import How, Outcome
from reader.doctor.report import Found, worst

OUTCOMES = {Outcome.OK: "良", Outcome.WARN: "注意", Outcome.FAIL: "不良", Outcome.SKIPPED: "未確認"}
HOW = {How.PROBED: "自動", How.EXERCISED: "動作", How.WITNESSED: "目視"}

_PAGE = """<!DOCTYPE html>
<html lang="ja"><head><meta charset="utf-8"><title>kaopi 点検記録 {{ config.site.kiosk_id }}</title>
<style>
@page { size: A4; margin: 14mm }
body { font: 10.5pt/1.5 "BIZ UDPGothic", "Noto Sans JP", sans-serif; color: #1a1a1a; max-width: 182mm; margin: auto }
h1 { font-size: 16pt; margin: 0 0 2mm } dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 4mm }
dt, dd { margin: 0 } table { border-collapse: collapse; width: 100%; margin: 4mm 0 }
th, td { border: .3mm solid #767676; padding: 1mm 2mm; text-align: left; vertical-align: top }
tr { break-inside: avoid } .fail td:first-child, .warn td:first-child { font-weight: bold }
.fail { background: #ffe7e6 } .warn { background: #fff5d6 } .remedy { font-weight: bold }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 8mm; margin-top: 10mm }
.sign div { border-top: .3mm solid #1a1a1a; padding-top: 1mm }
</style></head><body>
<h1>kaopi 点検記録 / bring-up report</h1>
<dl><dt>医療機関</dt><dd>{{ config.site.clinic_name }}</dd><dt>端末</dt><dd>{{ config.site.site_id }} / {{
config.site.kiosk_id }}</dd><dt>日時</dt><dd>{{ at.strftime("%Y-%m-%d %H:%M %Z") }}</dd>
<dt>版</dt><dd>{{ software }}</dd>
<dt>判定</dt><dd><strong>{{ outcomes[verdict] }}</strong></dd></dl>
<table><thead><tr><th>結果</th><th>項目</th><th>方法</th><th>内容と対処</th></tr></thead><tbody>
{% for check, finding in found %}<tr class="{{ finding.outcome.value }}"><td>{{ outcomes[finding.outcome] }}</td>
<td>{{ check.title.ja }}<br><small>{{ check.title.en }}</small></td><td>{{ how[check.how] }}</td>
<td>{{ finding.detail }}{% if finding.remedy %}<div class="remedy">{{ finding.remedy.ja }}</div>
<small>{{ finding.remedy.en }}</small>{% endif %}</td></tr>
{% endfor %}</tbody></table>
<div class="sign"><div>点検者</div><div>医療機関</div></div>
</body></html>
"""


def html(found: Iterable[Found], config: KaopiConfig, at: datetime) -> str:
    """Return the report. at: local time, with its zone."""
    found = list(found)
    environment = Environment(autoescape=True)
    return environment.from_string(_PAGE).render(
        found=found, config=config, at=at, software=version("kaopi"), verdict=worst(found), outcomes=OUTCOMES, how=HOW
    )
