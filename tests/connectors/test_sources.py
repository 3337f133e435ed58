"""The list of sources: whole, light, and the only place outside a source's own folder that the graph needs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from orchestration.connectors.sources import SOURCES, SOURCES_BY_NAME
from orchestration.landing.profile import MODELS_OF_USAGE
from orchestration.landing.streams import STREAMS
from orchestration.registry.sources import LEDGER_SOURCES, SourceName

ROOT = Path(__file__).parents[2]


def test_every_source_that_a_company_may_declare_has_a_descriptor() -> None:
    assert {*SOURCES_BY_NAME, *LEDGER_SOURCES} == set(get_args(SourceName))
    assert len(SOURCES_BY_NAME) == len(SOURCES)


def test_every_descriptor_has_streams_and_those_that_list_prices_value_say_so() -> None:
    assert set(SOURCES_BY_NAME) <= {source for source, _ in STREAMS}
    with_models = {source for source, _ in MODELS_OF_USAGE}
    assert with_models <= {source.name for source in SOURCES if source.names_models}


def test_the_list_imports_no_connector() -> None:
    script = (
        "import sys, orchestration.connectors.sources;"
        "assert not [m for m in sys.modules if m.endswith('.extract') or m.endswith('connectors.http')]"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("place", ["defs", "connectors/reach.py", "connectors/source.py"])
def test_what_treats_sources_alike_names_none(place: str) -> None:
    path = ROOT / "orchestration" / place
    texts = [file.read_text() for file in (path.rglob("*.py") if path.is_dir() else [path])]
    named = {name for name in SOURCES_BY_NAME for text in texts if re.search(rf'"{name}"', text)}
    assert named == set()
