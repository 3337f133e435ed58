"""Can each enabled source be reached, with the key that is set? One cheap read per source; nothing is landed.

Failure mode: a source that cannot be reached is a message, never an exception, so that one run of ``check`` names
them all.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from orchestration.landing.errors import SourceError
from orchestration.registry import Company, SourceConfig
from orchestration.settings import SettingsError

SecretOf = Callable[[str], str | None]


def reach(company: Company, name: str, secret_of: SecretOf) -> str | None:
    """What stands in the way of reading source ``name``; None if nothing does."""
    source = company.sources[name]
    try:
        if source.is_file_source:
            return _find_files(company.folder, source)
        _PROBES[name](source, secret_of(name))
    except KeyError:
        return f"{name}: this version cannot read this source; set enabled: false in sources.yaml"
    except SettingsError as error:
        return f"{name}: {error}"
    except SourceError as error:
        return str(error)
    return None


def _find_files(folder: Path, source: SourceConfig) -> str | None:
    if source.path is None or any(path.is_file() for path in folder.glob(source.path)):
        return None
    return f"{source.name}: no file matches {source.path} in the company folder"


def _openai(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.providers.openai.client import open_api, projects

    with open_api(source, secret) as api:
        list(islice(projects(api), 1))


def _anthropic(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.providers.anthropic.client import open_api, workspaces

    with open_api(source, secret) as api:
        list(islice(workspaces(api), 1))


def _litellm(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.http import JsonApi

    with JsonApi("litellm", source.base_url, secret=secret, secret_env=source.api_key_env) as api:
        api.get("/key/list", [("size", "1")])


def _claude_code(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.providers.anthropic.client import open_api, organization_id

    with open_api(source, secret, name="claude_code") as api:
        organization_id(api)


def _openrouter(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.providers.openrouter.client import activity, open_api

    with open_api(source, secret) as api:
        activity(api)


def _merge_gateway(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.http import utc_now
    from orchestration.connectors.providers.merge_gateway.extract import open_api, usage_of_day

    with open_api(source, secret) as api:
        usage_of_day(api, utc_now().date())


def _ledger_system(source: SourceConfig, secret: str | None) -> None:
    from orchestration.connectors.ledgers.systems import probe

    probe(source, secret)


_PROBES: dict[str, Callable[[SourceConfig, str | None], None]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "litellm": _litellm,
    "claude_code": _claude_code,
    "openrouter": _openrouter,
    "merge_gateway": _merge_gateway,
    "quickbooks": _ledger_system,
    "xero": _ledger_system,
    "netsuite": _ledger_system,
}
