"""Can each enabled source be reached, with the key that is set? One cheap read per source; nothing is landed.

Failure mode: a source that cannot be reached is a message, never an exception, so that one run of ``check`` names
them all.
"""

from collections.abc import Callable
from pathlib import Path

from orchestration.connectors.source import Probe
from orchestration.connectors.sources import SOURCES_BY_NAME
from orchestration.landing.errors import SourceError
from orchestration.registry import Company, SourceConfig
from orchestration.registry.sources import LEDGER_SOURCES
from orchestration.settings import SettingsError

SecretOf = Callable[[str], str | None]


def said_of(company: Company, name: str) -> tuple[str | None, str]:
    """Of source ``name``, which was reached: what stands in the way all the same, or None, and what ``check`` says of it."""
    descriptor = SOURCES_BY_NAME.get(name)
    try:
        found = descriptor.says(company, company.sources[name]) if descriptor and descriptor.says else None
    except (SettingsError, SourceError) as error:
        return (str(error) if isinstance(error, SourceError) else f"{name}: {error}"), ""
    return None, f"{name}: {found or 'reached'}"


def reach(company: Company, name: str, secret_of: SecretOf) -> str | None:
    """What stands in the way of reading source ``name``; None if nothing does."""
    source = company.sources[name]
    try:
        if source.is_file_source:
            return _find_files(company.folder, source)
        _probe(name)(source, secret_of(name))
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


def _probe(name: str) -> Probe:
    """Raises :class:`KeyError` for a source that this version cannot read."""
    if name in LEDGER_SOURCES:
        from orchestration.connectors.ledgers.systems import probe

        return probe
    found = SOURCES_BY_NAME[name].probe
    if found is None:
        raise KeyError(name)
    return found
