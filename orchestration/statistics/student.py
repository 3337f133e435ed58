"""Quantiles of Student's t, alone because the library takes a fifth of a second to import: a run with nothing to evaluate does
not wait for it.
"""

from typing import Any


def t_quantile(probability: Any, freedom: Any) -> Any:
    """The value below which a t of ``freedom`` degrees lies with ``probability`` above 0; numbers or arrays."""
    from scipy.special import stdtrit

    return stdtrit(freedom, probability)
