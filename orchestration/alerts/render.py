"""How an alert reads: plain text, one line for a chat, HTML for an e-mail, JSON for a program. Sends nothing.

What comes from data (names, reasons) is text everywhere: HTML escapes it, and a chat line has no line break.
"""

import json
from datetime import datetime
from html import escape
from typing import Any

from orchestration.alerts.message import Alert
from orchestration.glossary import in_words

CHAT_LENGTH = 1000
SUBJECT_LENGTH = 180


def render_json(alert: Alert, sent_at: datetime) -> str:
    return json.dumps(alert.body(sent_at), sort_keys=True)


def render_subject(alert: Alert) -> str:
    """The subject of an e-mail: severity and title, in one line."""
    return _short(f"[tokenomics {_label(alert)}] {_one_line(alert.title)}", SUBJECT_LENGTH)


def render_short(alert: Alert) -> str:
    """One line for a chat or a pager."""
    owner = f" (owner: {alert.owner})" if alert.owner else ""
    return _short(f"{_label(alert).upper()}: {_one_line(alert.title)}{owner}", CHAT_LENGTH)


def render_text(alert: Alert) -> str:
    """The whole alert: title, what it is about, every figure."""
    lines = [_one_line(alert.title), ""]
    return "\n".join([*lines, *(f"{name}: {value}" for name, value in _facts(alert))]) + "\n"


def render_html(alert: Alert) -> str:
    """The whole alert for an e-mail."""
    rows = "".join(
        f"<tr><th align='left'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in _facts(alert)
    )
    return f"<p><b>{escape(_label(alert))}</b>: {escape(_one_line(alert.title))}</p><table>{rows}</table>"


def _facts(alert: Alert) -> list[tuple[str, str]]:
    head = [("what", in_words(alert.kind)), ("severity", in_words(alert.severity)), ("entity", alert.entity)]
    head += [("owner", alert.owner)] if alert.owner else []
    head += [("department", alert.department)] if alert.department else []
    known = [(name, value) for name, value in alert.details.items() if value is not None]
    return [(name.replace("_", " "), _plain(value)) for name, value in [*head, *known]]


def _plain(value: Any) -> str:
    return _one_line(value if isinstance(value, str) else json.dumps(value, sort_keys=True))


def _label(alert: Alert) -> str:
    return "test" if alert.event == "test" else "resolved" if alert.event == "resolved" else alert.severity


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3].rstrip() + "..."
