"""Reads a company folder: every file, record and reference; all faults at once, each with its file and line."""

import difflib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from orchestration.landing.streams import stream_schema
from orchestration.registry.alert_checks import check_alerts
from orchestration.registry.alerts import AlertSettings, Destination, OtherAlertKeys, Route
from orchestration.registry.company import Company
from orchestration.registry.contracts import Contract
from orchestration.registry.directories import Customer, Department, Product
from orchestration.registry.documents import Document, NodePath, read_document
from orchestration.registry.faults import Fault, RegistryError
from orchestration.registry.folder import Folder, Located
from orchestration.registry.guardrail_checks import check_guardrails
from orchestration.registry.guardrails import (
    ADAPTERS,
    AdapterConfig,
    Cap,
    CapOverride,
    Guardrails,
    bare_adapter,
    foreign_adapter_keys,
    with_source_defaults,
)
from orchestration.registry.identity import CompanyConfig, CostClassRule
from orchestration.registry.initiatives import Initiative
from orchestration.registry.ownership import OwnershipRule, Pool
from orchestration.registry.policy import EffectivePolicy, effective_policy
from orchestration.registry.references import check_references
from orchestration.registry.rules import check_rules
from orchestration.registry.sources import (
    GENERAL_LEDGER_KEYS,
    LEDGER_DEFAULTS,
    LedgerConfig,
    SourceConfig,
    SourceName,
    foreign_keys,
)
from orchestration.registry.tiers import ModelTiers, Tier, TierMaps
from orchestration.registry.wording import describe, nearest
from orchestration.settings import last_complete_day

Model = TypeVar("Model", bound=BaseModel)

# file -> (is required, its list sections with their record models, its other sections)
FILES: dict[str, tuple[bool, dict[str, type[BaseModel]], tuple[str, ...]]] = {
    "company.yaml": (True, {"cost_classes": CostClassRule}, tuple(CompanyConfig.model_fields)),
    "sources.yaml": (True, {}, ("sources", "metering", "ledgers")),
    "model_tiers.yaml": (True, {"tiers": Tier}, ("models", "complexity")),
    "initiatives.yaml": (True, {"initiatives": Initiative}, ()),
    "ownership.yaml": (True, {"rules": OwnershipRule, "pools": Pool}, ()),
    "contracts.yaml": (False, {"contracts": Contract}, ()),
    "departments.yaml": (False, {"departments": Department}, ()),
    "products.yaml": (False, {"products": Product}, ()),
    "customers.yaml": (False, {"customers": Customer}, ()),
    "alerts.yaml": (False, {"destinations": Destination, "routes": Route}, tuple(OtherAlertKeys.model_fields)),
    "guardrails.yaml": (False, {"caps": Cap, "overrides": CapOverride}, ("adapters",)),
}
REQUIRED_SECTIONS = {
    "sources",
    "tiers",
    "models",
    "complexity",
    "initiatives",
    "rules",
    "contracts",
    "departments",
    "products",
    "customers",
}


def load_company(folder: Path, now: datetime | None = None) -> Company:
    """Read and check a company folder. RegistryError lists every fault as ``file:line: message``.

    With ``now`` a day for which files are said to be complete must have ended, in UTC or the company's time zone.
    """
    faults: list[Fault] = []
    documents = _documents(folder, faults)
    reading = Folder(folder, documents, faults)
    for file, (_, lists, _) in FILES.items():
        if file in documents:
            for section, model in lists.items():
                reading.records[section] = _records(documents[file], section, model, faults)
    config, policy = _company_config(reading)
    _read_sources(reading)
    if now is not None and config is not None:
        _check_complete_days(reading, max(last_complete_day(zone, now) for zone in (ZoneInfo("UTC"), config.zone)))
    _read_adapters(reading)
    reading.tier_maps = _tier_maps(reading)
    check_references(reading)
    check_rules(reading)
    check_guardrails(reading)
    _read_other_alert_keys(reading)
    check_alerts(reading)
    if faults or config is None or policy is None:
        raise RegistryError(faults)
    return _company(reading, config, policy)


def _company(reading: Folder, config: CompanyConfig, policy: EffectivePolicy) -> Company:
    def all_of(section: str) -> tuple[Any, ...]:
        return tuple(one.record for one in reading.records.get(section, []))

    maps = reading.tier_maps
    return Company(
        folder=reading.path,
        config=config,
        policy=policy,
        sources={one.record.name: one.record for one in reading.sources},
        metering=reading.metering,
        ledgers=reading.ledgers,
        tiers=ModelTiers(all_of("tiers"), dict(maps.models), {str(key): tier for key, tier in maps.complexity.items()}),
        initiatives=all_of("initiatives"),
        rules=tuple(sorted(all_of("rules"), key=lambda rule: -rule.priority)),
        pools=tuple(sorted(all_of("pools"), key=lambda pool: pool.order)),
        contracts=all_of("contracts"),
        departments=all_of("departments"),
        products=all_of("products"),
        customers=all_of("customers"),
        guardrails=_guardrails(reading),
        alerts=_alerts(reading),
        files=tuple(sorted(reading.documents)),
    )


def load_alert_settings(folder: Path) -> AlertSettings:
    """alerts.yaml alone, as :func:`load_company` reads it; what stands without the file where there is none."""
    faults: list[Fault] = []
    file = "alerts.yaml"
    document = read_document(folder / file, faults) if (folder / file).is_file() else None
    reading = Folder(folder, {file: document} if document else {}, faults)
    if document:
        _, lists, others = FILES[file]
        _check_sections(document, [*lists, *others], faults)
        for section, model in lists.items():
            reading.records[section] = _records(document, section, model, faults)
    _read_other_alert_keys(reading)
    check_alerts(reading)
    if faults:
        raise RegistryError(faults)
    return _alerts(reading)


def _alerts(reading: Folder) -> AlertSettings:
    destinations = tuple(one.record for one in reading.records.get("destinations", []))
    routes = tuple(one.record for one in reading.records.get("routes", []))
    rest = reading.other_alert_keys
    return AlertSettings(destinations, routes, rest.default, rest.limits)


def _read_other_alert_keys(reading: Folder) -> None:
    document = reading.documents.get("alerts.yaml")
    if document is None:
        return
    values = {key: value for key, value in document.data.items() if key in OtherAlertKeys.model_fields}
    read = validated(OtherAlertKeys, values, document, (), reading.faults)
    reading.other_alert_keys = read or OtherAlertKeys()


def _guardrails(reading: Folder) -> Guardrails:
    caps = tuple(one.record for one in reading.records.get("caps", []))
    overrides = tuple(one.record for one in reading.records.get("overrides", []))
    named: dict[str, AdapterConfig] = {one.record.name: one.record for one in reading.adapters}
    sources: dict[str, SourceConfig] = {one.record.name: one.record for one in reading.sources}
    adapters = {
        name: with_source_defaults(named.get(name) or bare_adapter(name), sources.get(name)) for name in ADAPTERS
    }
    return Guardrails(caps, overrides, MappingProxyType(adapters))


def _documents(folder: Path, faults: list[Fault]) -> dict[str, Document]:
    if not folder.is_dir():
        raise RegistryError([Fault(str(folder), 1, "no such folder; 'tokenomics init DIR' writes one")])
    documents: dict[str, Document] = {}
    for file, (is_required, lists, others) in FILES.items():
        if not (folder / file).is_file():
            if is_required:
                faults.append(Fault(file, 1, "the file is missing; 'tokenomics init DIR' shows one to start from"))
            continue
        document = read_document(folder / file, faults)
        if document is None:
            continue
        documents[file] = document
        if file != "company.yaml":
            _check_sections(document, [*lists, *others], faults)
    for stray in sorted(path.name for path in folder.iterdir() if path.suffix in (".yaml", ".yml")):
        close = difflib.get_close_matches(stray, FILES, n=1, cutoff=0.85)
        if stray not in FILES and close and close[0] not in documents:
            faults.append(Fault(stray, 1, f"the file is not read under this name; did you mean '{close[0]}'?"))
    return documents


def unread_files(folder: Path) -> tuple[str, ...]:
    """A line for each YAML file of the company folder that nothing reads."""
    names = sorted(
        path.name for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.name not in FILES
    )
    return tuple(
        f"{name}: nothing reads this file; read are {', '.join(sorted(FILES))}, and CSV and Parquet files in ledgers/"
        for name in names
    )


def _check_sections(document: Document, known: list[str], faults: list[Fault]) -> None:
    for section in document.data:
        if section not in known:
            faults.append(document.fault((section,), f"unknown key '{section}'; {nearest(section, known)}"))
    for section in known:
        if section in REQUIRED_SECTIONS and section not in document.data:
            faults.append(document.fault((), f"key '{section}' is missing; add it"))


def validated(model: type[Model], value: Any, document: Document, path: NodePath, faults: list[Fault]) -> Model | None:
    """``value`` as a ``model``, or None with a fault at the line of every error."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        for one in errors:
            if one["input"] is None:  # an empty value is already a fault of the document
                continue
            if one["type"] == "too_short" and any(_is_inside(other["loc"], one["loc"]) for other in errors):
                continue  # the list is short because its items are faulty, which is told of each
            where = _written_path((*path, *one["loc"]))
            faults.append(document.fault(where, describe(one, where, model)))
        return None


def _is_inside(inner: NodePath, outer: NodePath) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _written_path(path: NodePath) -> NodePath:
    """The path as it stands in the file: tags of a match are written ``tag.<name>``."""
    if "tags" in path[:-1]:
        at = path.index("tags")
        return (*path[:at], f"tag.{path[at + 1]}", *path[at + 2 :])
    return path


def _records(document: Document, section: str, model: type[Model], faults: list[Fault]) -> list[Located[Model]]:
    items = document.data.get(section)
    if items is None:
        return []
    if not isinstance(items, list):
        faults.append(document.fault((section,), f"'{section}' must be a list; write one '- ...' per record, or []"))
        return []
    located = []
    for position, item in enumerate(items):
        record = validated(model, item, document, (section, position), faults)
        if record is not None:
            located.append(Located(record, document, (section, position)))
    return located


def _company_config(reading: Folder) -> tuple[CompanyConfig | None, EffectivePolicy | None]:
    document = reading.documents.get("company.yaml")
    if document is None:
        return None, None
    values = {key: value for key, value in document.data.items() if key != "cost_classes"}
    values["cost_classes"] = tuple(one.record for one in reading.records["cost_classes"])
    config = validated(CompanyConfig, values, document, (), reading.faults)
    profile = document.data.get("profile")
    size, margin = (config.profile.company_size, config.profile.margin_profile) if config else ("startup", "healthy")
    overrides = document.data.get("policy")
    if config is None and (not isinstance(profile, dict) or not isinstance(overrides, dict)):
        return None, None
    policy = effective_policy(size, margin, overrides or {}, document, reading.report(document))
    return config, policy


def _mapping(document: Document, section: str, faults: list[Fault]) -> Mapping[str, Any]:
    value = document.data.get(section)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    faults.append(document.fault((section,), f"'{section}' must hold 'key: value' pairs; indent them below it"))
    return {}


def _read_sources(reading: Folder) -> None:
    document = reading.documents.get("sources.yaml")
    reading.ledgers = dict(LEDGER_DEFAULTS)
    if document is None:
        return
    known = SourceName.__args__  # type: ignore[attr-defined]
    for name, values in _mapping(document, "sources", reading.faults).items():
        path: NodePath = ("sources", name)
        if name not in known:
            reading.faults.append(document.fault(path, f"unknown source '{name}'; {nearest(name, known)}"))
            continue
        written = values if isinstance(values, dict) else {}
        for key in foreign_keys(name, set(written)):
            reading.faults.append(document.fault((*path, key), f"source {name} takes no key '{key}'; drop it"))
        if values is not None and not isinstance(values, dict):
            reading.faults.append(document.fault(path, f"{name} must hold 'key: value' pairs; indent them below it"))
        elif "name" in written:
            reading.faults.append(document.fault((*path, "name"), "unknown key 'name'; the source is named by its key"))
        elif source := validated(SourceConfig, {**written, "name": name}, document, path, reading.faults):
            reading.sources.append(Located(source, document, path))
    for name, values in _mapping(document, "ledgers", reading.faults).items():
        path = ("ledgers", name)
        if name not in LEDGER_DEFAULTS:
            reading.faults.append(document.fault(path, f"unknown ledger '{name}'; {nearest(name, LEDGER_DEFAULTS)}"))
        elif ledger := validated(LedgerConfig, values, document, path, reading.faults):
            known_columns = [
                column for column in stream_schema("ledgers", name).names if column not in ("file", "line")
            ]
            for column in [column for column in ledger.columns if column not in known_columns]:
                message = f"{name} has no column '{column}'; {nearest(column, known_columns)}"
                reading.faults.append(document.fault((*path, "columns", column), message))
            for key in ("values", "words"):
                for column in [column for column in getattr(ledger, key) if column not in known_columns]:
                    message = f"{name} has no column '{column}'; {nearest(column, known_columns)}"
                    reading.faults.append(document.fault((*path, key, column), message))
            if name != "general_ledger":
                for key in (key for key in GENERAL_LEDGER_KEYS if key in ledger.model_fields_set):
                    reading.faults.append(document.fault((*path, key), f"{name} takes no key '{key}'; drop it"))
            on_reject = ledger.on_reject or LEDGER_DEFAULTS[name].on_reject
            reading.ledgers[name] = ledger.model_copy(update={"on_reject": on_reject})
    for provider, source in _mapping(document, "metering", reading.faults).items():
        if isinstance(source, str):
            reading.metering[provider] = source
        elif source is not None:
            message = f"{provider}: name one source, whose usage counts for this provider"
            reading.faults.append(document.fault(("metering", provider), message))


def _check_complete_days(reading: Folder, last: date) -> None:
    for source in reading.sources:
        day = source.record.complete_through
        if day is not None and day > last:
            message = (
                f"complete_through {day} is after {last}, the last complete day: days without rows would count as days "
                "without cost; write the last day for which the files are known to be complete"
            )
            reading.faults.append(source.fault(("complete_through",), message))


def _read_adapters(reading: Folder) -> None:
    document = reading.documents.get("guardrails.yaml")
    if document is None:
        return
    for name, values in _mapping(document, "adapters", reading.faults).items():
        path: NodePath = ("adapters", name)
        if name not in ADAPTERS:
            reading.faults.append(document.fault(path, f"unknown adapter '{name}'; {nearest(name, ADAPTERS)}"))
            continue
        written = values if isinstance(values, dict) else {}
        for key in foreign_adapter_keys(name, set(written)):
            reading.faults.append(document.fault((*path, key), f"adapter {name} takes no key '{key}'; drop it"))
        if values is not None and not isinstance(values, dict):
            reading.faults.append(document.fault(path, f"{name} must hold 'key: value' pairs; indent them below it"))
        elif "name" in written:
            message = "unknown key 'name'; the adapter is named by its key"
            reading.faults.append(document.fault((*path, "name"), message))
        elif adapter := validated(AdapterConfig, {**written, "name": name}, document, path, reading.faults):
            reading.adapters.append(Located(adapter, document, path))


def _tier_maps(reading: Folder) -> TierMaps:
    document = reading.documents.get("model_tiers.yaml")
    if document is None:
        return TierMaps()
    values = {key: document.data[key] for key in ("models", "complexity") if key in document.data}
    return validated(TierMaps, values, document, (), reading.faults) or TierMaps()
