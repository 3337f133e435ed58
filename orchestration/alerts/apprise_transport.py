"""Destinations that apprise knows: Slack, Teams, e-mail, PagerDuty and the rest. apprise is imported at the first message.

An address holds a secret: apprise's own log is kept silent, none of its exceptions is repeated, and what did not arrive is
told by the destination's name and the status it answered, where there is one.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from orchestration.alerts.message import Alert
from orchestration.alerts.render import render_html, render_short, render_subject, render_text
from orchestration.alerts.transports import TIMEOUT_SECONDS, DeliveryFailed, post

_STATUS = re.compile(r"error=(\d{3})\b")
_PAGERDUTY_KEY = re.compile(r"[0-9A-Za-z]{20,40}")


class _Silence(logging.Filter):
    """Lets nothing of apprise's log pass, and keeps the HTTP statuses in it."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        self.statuses += _STATUS.findall(record.getMessage())
        return False


@contextmanager
def _silent() -> Iterator[_Silence]:
    silence, logger = _Silence(), logging.getLogger("apprise")
    logger.addFilter(silence)
    try:
        yield silence
    finally:
        logger.removeFilter(silence)


@dataclass(frozen=True)
class AppriseTransport:
    """One address. ``to_owner``: an e-mail goes to the owner of the alert instead of the addresses in the address itself;
    ``owner``: to this one, where the alert does not say who that is.
    """

    name: str
    kind: str
    url: str = field(repr=False)
    to_owner: bool = False
    owner: str | None = None

    def send(self, alert: Alert) -> None:
        with _silent() as silence:
            try:
                arrived = self._notify(alert)
            except DeliveryFailed:
                raise
            except Exception as error:
                raise DeliveryFailed(f"{self.name} could not be reached ({type(error).__name__})") from None
        if not arrived:
            why = f"answered {silence.statuses[-1]}" if silence.statuses else "did not take the alert"
            raise DeliveryFailed(f"{self.name} {why}")

    def _plugin(self) -> Any:
        import apprise

        asset = apprise.AppriseAsset(app_id="tokenomics", app_desc="tokenomics alerts", http_redirects=False)
        url = self.url
        if self.kind == "pagerduty" and _PAGERDUTY_KEY.fullmatch(url):
            url = f"pagerduty://{url}@{url}"
        return apprise.Apprise.instantiate(url, asset=asset)

    def _notify(self, alert: Alert) -> bool:
        import apprise

        plugin = self._plugin()
        if plugin is None and self.kind == "slack" and self.url.startswith(("http://", "https://")):
            post(self.name, self.url, {"text": _chat_escaped(render_short(alert))})
            return True
        if plugin is None:
            raise DeliveryFailed(f"{self.name}: the address in its variable is none that apprise knows")
        plugin.socket_connect_timeout = plugin.socket_read_timeout = TIMEOUT_SECONDS
        title, body, body_format = "", render_short(alert), apprise.NotifyFormat.TEXT
        if hasattr(plugin, "smtp_host"):
            title, body, body_format = render_subject(alert), render_html(alert), apprise.NotifyFormat.HTML
            if self.to_owner and (owner := self.owner or alert.owner):
                plugin.targets = [(False, owner)]
        elif self.kind in ("teams", "apprise"):
            title, body = render_subject(alert), render_text(alert)
        if hasattr(plugin, "dedup"):
            plugin.dedup = alert.condition or alert.key
            plugin.action = "resolve" if alert.event == "resolved" else "trigger"
        sender = apprise.Apprise(asset=plugin.asset)
        sender.add(plugin)
        return bool(sender.notify(title=title, body=body, body_format=body_format, notify_type=_type(alert)))


def _type(alert: Alert) -> str:
    if alert.event == "resolved":
        return "success"
    return {"info": "info", "warning": "warning", "critical": "failure"}[alert.severity]


def _chat_escaped(text: str) -> str:
    """Text as Slack takes it: no name in it can mention a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
