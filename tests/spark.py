"""Real Spark for tests; where it cannot be had they skip, with the reason."""

from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import spark_settings
from orchestration.transform.spark_session import SparkUnavailable, open_spark, refuse_absence


def require_spark() -> None:
    try:
        refuse_absence(spark_settings())
    except SparkUnavailable as error:
        pytest.skip(str(error))


def session(folder: Path) -> Any:
    require_spark()
    return open_spark(spark_settings(), folder)
