"""Tell once which files had rows refused, and what those rows are worth: the published tables go without that money.

A file is told again when other rows, or another amount, of it are refused. Called by the sensor and at the end of
``tokenomics run``.
"""

from orchestration.alerts.message import Alert, rejected_rows
from orchestration.alerts.tell import Published, Told, tell
from orchestration.alerts.transports import Transport
from orchestration.project import Home
from orchestration.summary.open_amounts import REJECTED, REJECTED_REMEDY


def tell_rejected(home: Home, over: list[Transport] | None = None) -> Told:
    """Send every file with refused rows that was never told; ``over`` defaults to the configured transports."""
    return tell(home, _alerts, over)


def _alerts(published: Published) -> list[Alert]:
    if not published.holds("rejected_rows"):
        return []
    found = published.connection.execute(REJECTED).fetchall()
    return [rejected_rows(*row, remedy=REJECTED_REMEDY) for row in found]
