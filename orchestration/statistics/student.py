"""Quantiles of Student's t. Stands alone because its library takes half a second to import, for which a run with nothing to evaluate
does not wait.
"""

from typing import Any


def t_quantile(probability: Any, freedom: Any) -> Any:
    """The value below which a t of ``freedom`` degrees lies with ``probability``; numbers or arrays."""
    from scipy import stats

    return stats.t.ppf(probability, freedom)
