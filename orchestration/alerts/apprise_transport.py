"""Destinations that apprise knows: Slack, Teams, e-mail, PagerDuty and the rest. apprise is imported at the first message.

An address holds a secret: apprise's own log is kept silent, none of its exceptions is repeated, and what did not arrive is
told by the destination's name and the status it answered, where there is one.
"""

import logging
import re
from dataclasses import dataclass, field
from typing import Any

from orchestration.alerts.message import Alert
from orchestration.alerts.render import render_html, render_short, render_subject, render_text
from orchestration.alerts.transports import TIMEOUT_SECONDS, DeliveryFailed, post

_STATUS = re.compile(r"error=(\d{3})\b")
_PAGERDUTY_KEY = re.compile(r"[0-9A-Za-z]{20,40}")


class _Statuses(logging.Handler):
    """Keeps the HTTP statuses that apprise logs, and nothing else of what it says."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen += _STATUS.findall(record.getMessage())


@dataclass(frozen=True)
class AppriseTransport:
    """One address. ``to_owner``: an e-mail goes to the owner of the alert instead of the addresses in the address itself."""

    name: str
    kind: str
    url: str = field(repr=False)
    to_owner: bool = False

    def send(self, alert: Alert) -> None:
        if self.kind == "slack" and not self._is_known():
            post(self.name, self.url, {"text": _chat_escaped(render_short(alert))})
            return
        statuses = _Statuses()
        logger = _silent_logger()
        logger.addHandler(statuses)
        try:
            arrived = self._notify(alert)
        except DeliveryFailed:
            raise
        except Exception as error:
            raise DeliveryFailed(f"{self.name} could not be reached ({type(error).__name__})") from None
        finally:
            logger.removeHandler(statuses)
        if not arrived:
            why = f"answered {statuses.seen[-1]}" if statuses.seen else "did not take the alert"
            raise DeliveryFailed(f"{self.name} {why}")

    def _is_known(self) -> bool:
        return self._plugin() is not None

    def _plugin(self) -> Any:
        _silent_logger()
        import apprise

        asset = apprise.AppriseAsset(app_id="tokenomics", app_desc="tokenomics alerts", http_redirects=False)
        url = self.url
        if self.kind == "pagerduty" and _PAGERDUTY_KEY.fullmatch(url):
            url = f"pagerduty://{url}@{url}"
        return apprise.Apprise.instantiate(url, asset=asset)

    def _notify(self, alert: Alert) -> bool:
        import apprise

        plugin = self._plugin()
        if plugin is None:
            raise DeliveryFailed(f"{self.name}: the address in its variable is none that apprise knows")
        plugin.socket_connect_timeout = plugin.socket_read_timeout = TIMEOUT_SECONDS
        title, body, body_format = "", render_short(alert), apprise.NotifyFormat.TEXT
        if hasattr(plugin, "smtp_host"):
            title, body, body_format = render_subject(alert), render_html(alert), apprise.NotifyFormat.HTML
            if self.to_owner and alert.owner:
                plugin.targets = [(False, alert.owner)]
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


def _silent_logger() -> logging.Logger:
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger
