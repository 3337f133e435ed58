"""Tell once which models were used without a price, from the published usage: nobody knows what that usage costs until a
price is added.

A model is told once for as long as it has no price, however much more of it is used. Called by the sensor and at the end
of ``tokenomics run``.
"""

from orchestration.alerts.message import Alert, unpriced_usage
from orchestration.alerts.tell import Published, Told, tell
from orchestration.alerts.transports import Transport
from orchestration.project import Home
from orchestration.summary.open_amounts import UNPRICED, price_remedy


def tell_unpriced(home: Home, over: list[Transport] | None = None) -> Told:
    """Send every model without a price that was never told; ``over`` defaults to the configured transports."""
    return tell(home, _alerts, over)


def _alerts(published: Published) -> list[Alert]:
    if not published.holds("fct_usage"):
        return []
    rows = published.connection.execute(UNPRICED).fetchall()
    return [unpriced_usage(*usage, remedy=price_remedy(usage[-1])) for usage in rows]
