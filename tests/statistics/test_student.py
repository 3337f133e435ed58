"""Student's t against printed tables (e.g. NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2)."""

import numpy as np
import pytest

from orchestration.statistics.student import t_quantile


@pytest.mark.parametrize(
    ("probability", "freedom", "value"), [(0.975, 10, 2.228), (0.95, 1, 6.314), (0.99, 30, 2.457), (0.5, 7, 0.0)]
)
def test_the_quantile_is_that_of_printed_tables(probability: float, freedom: int, value: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(value, abs=0.0005)


def test_without_degrees_of_freedom_there_is_no_quantile() -> None:
    assert np.isnan(t_quantile(0.975, np.array([0.0, -1.0]))).all()
