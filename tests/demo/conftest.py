"""A demo server without transient faults, and helpers to ask it as a plain HTTP client."""

from collections.abc import Iterator

import pytest

from orchestration.demo.server import serving
from orchestration.demo.wire import World


@pytest.fixture
def world() -> World:
    return World(faults=set())


@pytest.fixture
def base_url(world: World) -> Iterator[str]:
    with serving(world=world) as address:
        yield address
