"""Any adapter by its name in guardrails.yaml: what is opened, and what is missing."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.enforcement.adapters import open_gateway
from orchestration.landing.errors import PermanentFailure
from orchestration.project import Home
from orchestration.registry.guardrails import ADAPTERS, AdapterConfig, Guardrails

WITHOUT_SECRET = {"mlflow", "policy_file"}
SECRETS = set(ADAPTERS) - WITHOUT_SECRET


def company(**changes: Any) -> Any:
    """Every adapter as the file may leave it: with the address and variable of its source or others, and ``changes``."""
    adapters = {}
    for name, one in Guardrails().adapters.items():
        variable = None if name in WITHOUT_SECRET else one.api_key_env or "OTHER_SECRET"
        given = {"base_url": one.base_url or "http://127.0.0.1:9", "api_key_env": variable}
        adapters[name] = one.model_copy(update={**given, **changes})
    return SimpleNamespace(guardrails=SimpleNamespace(adapters=adapters))


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_opens_by_name_and_connects_to_nothing(name, tmp_path):
    asked: list[str] = []

    def secret_of(variable: str) -> str:
        asked.append(variable)
        return "sk-secret-0123"

    gateway = open_gateway(name, company(), Home(tmp_path), secret_of)
    with gateway as opened:
        assert opened.name == name
    assert bool(asked) == (name in SECRETS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_missing_secret_is_named_by_its_variable(name, tmp_path):
    variable = company().guardrails.adapters[name].api_key_env
    with pytest.raises(PermanentFailure, match=variable):
        open_gateway(name, company(), Home(tmp_path), lambda variable: None)


def test_an_unknown_name_is_a_key_error(tmp_path):
    with pytest.raises(KeyError):
        open_gateway("portkey", company(), Home(tmp_path))


def test_what_is_valid_for_how_long_is_the_companys(tmp_path: Path):
    config = {"policy_file": AdapterConfig(name="policy_file", valid_for_minutes=1)}
    only = SimpleNamespace(guardrails=SimpleNamespace(adapters=config))
    with open_gateway("policy_file", only, Home(tmp_path)) as gateway:
        gateway.refresh()
    assert (tmp_path / "enforcement" / "policy.json").is_file()
