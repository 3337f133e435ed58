"""Quantiles of Student's t, alone because the library takes half a second to import: a run with nothing to evaluate does not wait
for it.
"""

from typing import Any


def t_quantile(probability: Any, freedom: Any) -> Any:
    """The value below which a t of ``freedom`` degrees lies with ``probability``; numbers or arrays."""
    from scipy import stats

    return stats.t.ppf(probability, freedom)
