"""Dangling references: whatever one file names must exist in the file that declares it.

Metric ids are free. Departments, products and customers exist by being named, unless their own file is there.
Labour rates are looked up in ``ledgers/labor_rates*`` where such files are there.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.registry.documents import NodePath
from orchestration.registry.folder import Folder, Located
from orchestration.registry.tiers import ModelTiers
from orchestration.registry.wording import nearest

_DIRECTORIES = {
    "department_id": ("departments.yaml", "departments"),
    "product_id": ("products.yaml", "products"),
    "customer_id": ("customers.yaml", "customers"),
}


def check_references(folder: Folder) -> None:
    """Add a fault for every reference that leads nowhere."""
    known = _known_ids(folder)
    rates = _labor_rates(folder.path)
    if rates is not None:
        known["labor_rate_id"] = (rates, "ledgers/labor_rates*")
    for holder, key, inner in _references(folder):
        if key in known:
            ids, home = known[key]
            value = getattr(_at(holder.record, inner[:-1]), key)
            if value not in ids:
                folder.faults.append(holder.fault(inner, f"{key} '{value}' is not in {home}; {_remedy(value, ids)}"))
    _check_tiers(folder)
    _check_metering(folder)


def _remedy(value: str, ids: set[str]) -> str:
    guess = nearest(value, ids)
    return guess if guess.startswith("did") else "declare it there or correct the name"


def _known_ids(folder: Folder) -> dict[str, tuple[set[str], str]]:
    known: dict[str, tuple[set[str], str]] = {}
    if "initiatives.yaml" in folder.documents:
        ids = folder.written_ids("initiatives.yaml", "initiatives", "initiative_id")
        known["initiative_id"] = (ids, "initiatives.yaml")
    known["pool_id"] = (folder.written_ids("ownership.yaml", "pools", "pool_id"), "the pools of ownership.yaml")
    for key, (file, section) in _DIRECTORIES.items():
        if file in folder.documents:
            known[key] = (folder.written_ids(file, section, key), file)
    return known


def _references(folder: Folder) -> Iterator[tuple[Located[Any], str, NodePath]]:
    """Every place that names something: the record, the key, and the path below the record."""
    for one in folder.records.get("initiatives", []):
        for key in _DIRECTORIES:
            yield from _if_set(one, key, (key,))
        if one.record.replaces:
            yield from _if_set(one, "labor_rate_id", ("replaces", "labor_rate_id"))
    for one in folder.records.get("cost_classes", []):
        yield from _if_set(one, "department_id", ("department_id",))
    for one in [*folder.records.get("rules", []), *folder.records.get("pools", [])]:
        if getattr(one.record, "assign", None):
            for key in ("initiative_id", *_DIRECTORIES):
                yield from _if_set(one, key, ("assign", key))
        if one.record.share:
            for position, target in enumerate(one.record.share.targets):
                key = target.receiver[0]
                yield one, key, ("share", "targets", position, key)


def _if_set(holder: Located[Any], key: str, inner: NodePath) -> Iterator[tuple[Located[Any], str, NodePath]]:
    if getattr(_at(holder.record, inner[:-1]), key) is not None:
        yield holder, key, inner


def _at(record: Any, inner: NodePath) -> Any:
    for step in inner:
        record = record[step] if isinstance(step, int) else getattr(record, step)
    return record


def _check_tiers(folder: Folder) -> None:
    document = folder.documents.get("model_tiers.yaml")
    if document is None:
        return
    names = folder.written_ids("model_tiers.yaml", "tiers", "tier")
    for section, entries in (("models", folder.tier_maps.models), ("complexity", folder.tier_maps.complexity)):
        for key, tier in entries.items():
            if tier not in names:
                message = f"tier '{tier}' is not among the tiers; {nearest(tier, names)}"
                folder.faults.append(document.fault((section, key), message))
    _check_reference_models(folder)
    declared = set(folder.tier_maps.complexity)
    if not declared:
        return
    for section, key in (("initiatives", "complexity"), ("departments", "default_complexity")):
        for one in folder.records.get(section, []):
            value = getattr(one.record, key)
            if value is not None and value not in declared:
                message = f"complexity '{value}' has no tier in model_tiers.yaml; add it to 'complexity' there"
                folder.faults.append(one.fault((key,), message))


def _check_reference_models(folder: Folder) -> None:
    """A reference model that the patterns put in another tier would compare a tier with itself."""
    tiers = ModelTiers(models=dict(folder.tier_maps.models))
    for one in folder.records.get("tiers", []):
        found = tiers.tier_of(one.record.reference_model)
        if found is not None and found != one.record.tier:
            message = (
                f"reference_model '{one.record.reference_model}' belongs to tier '{found}' by the models below, "
                f"not to '{one.record.tier}'; correct one of them"
            )
            folder.faults.append(one.fault(("reference_model",), message))


def _check_metering(folder: Folder) -> None:
    document = folder.documents.get("sources.yaml")
    if document is None:
        return
    names = {one.path[1] for one in folder.sources} | set(_written_sources(document.data))
    for provider, source in folder.metering.items():
        if source not in names:
            message = f"source '{source}' is not among the sources; {nearest(str(source), map(str, names))}"
            folder.faults.append(document.fault(("metering", provider), message))


def _written_sources(data: dict[str, Any]) -> list[str]:
    sources = data.get("sources")
    return list(sources) if isinstance(sources, dict) else []


def _labor_rates(folder: Path) -> set[str] | None:
    """Labour rates of the ledger files; None without files, or if one is unreadable (its connector says why)."""
    files = sorted((folder / "ledgers").glob("labor_rates*"))
    files = [file for file in files if file.suffix in (".csv", ".parquet")]
    if not files:
        return None
    found: set[str] = set()
    for file in files:
        try:
            found |= _column(file, "labor_rate_id")
        except (OSError, UnicodeDecodeError, csv.Error, KeyError, pa.ArrowException):
            return None
    return found


def _column(file: Path, name: str) -> set[str]:
    if file.suffix == ".parquet":
        return {str(value) for value in pq.read_table(file, columns=[name]).column(name).to_pylist()}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return {row[name] for row in csv.DictReader(lines)}
