"""Send alerts once: ``<folder>/sent.state`` remembers, for each key, when it went out over each transport that was
set up then.

An alert is remembered after it was delivered: a kill in between may repeat it, and never loses it. A transport that
fails does not hold up the others; its alerts go out at the next occasion. A run and a sensor that deliver at the same
moment take turns, so that neither repeats or forgets what the other told.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.alerts.message import Alert
from orchestration.alerts.transports import DeliveryFailed, FileTransport, Transport, WebhookTransport
from orchestration.files import utc_text, write_atomically
from orchestration.lock import in_turn
from orchestration.settings import find_secret

WEBHOOK_URL = "ALERT_WEBHOOK_URL"
WEBHOOK_SECRET = "ALERT_WEBHOOK_SECRET"


@dataclass(frozen=True)
class Delivery:
    """``sent``: keys that went out over at least one transport now. ``faults``: what did not arrive, in words."""

    sent: tuple[str, ...]
    faults: tuple[str, ...]


def transports(folder: Path) -> list[Transport]:
    """The file always; the webhook when both its address and its secret are set."""
    found: list[Transport] = [FileTransport(folder)]
    url, secret = find_secret(WEBHOOK_URL), find_secret(WEBHOOK_SECRET)
    if url and secret:
        found.append(WebhookTransport(url, secret))
    return found


def deliver(alerts: Sequence[Alert], folder: Path, over: Sequence[Transport]) -> Delivery:
    """Send each alert over each transport that still owes it; ``folder`` keeps the memory."""
    with in_turn(folder / "sent.lock"):
        return _deliver(alerts, folder / "sent.state", over)


def _deliver(alerts: Sequence[Alert], memory: Path, over: Sequence[Transport]) -> Delivery:
    known: dict[str, dict[str, str | None]] = json.loads(memory.read_text()) if memory.exists() else {}
    sent, faults = [], []
    for alert in alerts:
        told = known.setdefault(alert.key, {transport.name: None for transport in over})
        for transport in over:
            if told.get(transport.name, "told before this transport was set up") is not None:
                continue
            try:
                transport.send(alert)
            except DeliveryFailed as error:
                faults.append(f"{alert.key}: {error}")
                continue
            told[transport.name] = utc_text(datetime.now(UTC))
            write_atomically(memory, json.dumps(known, indent=1, sort_keys=True))
            if alert.key not in sent:
                sent.append(alert.key)
    return Delivery(tuple(sent), tuple(faults))
