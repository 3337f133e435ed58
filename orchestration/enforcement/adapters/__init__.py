"""Any gateway by its name in guardrails.yaml. README.md says what each can hold, how fast, and what was run for real."""

from collections.abc import Callable
from importlib import import_module

from orchestration.enforcement.port import Gateway
from orchestration.project import Home
from orchestration.registry.company import Company
from orchestration.settings import find_secret


def open_gateway(name: str, company: Company, home: Home, find: Callable[[str], str | None] = find_secret) -> Gateway:
    """The gateway ``name`` as the company's guardrails.yaml and sources.yaml describe it, not yet connected.
    ``find`` gives the secret in a variable.

    The module of the same name offers ``open_adapter(config, secret, home)``. Raises ``KeyError`` for a name that no
    adapter has, and what connectors/http.py raises where the address or the secret is missing.
    """
    config = company.guardrails.adapters[name]
    secret = find(config.api_key_env) if config.api_key_env else None
    gateway: Gateway = import_module(f"{__name__}.{name}").open_adapter(config, secret, home)
    return gateway
