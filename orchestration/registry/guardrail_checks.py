"""Caps, overrides and adapters of guardrails.yaml against each other and the other files: each fault with its line."""

from collections.abc import Iterable
from itertools import combinations

from orchestration.registry.folder import Folder, Located
from orchestration.registry.globs import meets
from orchestration.registry.guardrails import Cap, CapOverride, lacks_address, with_source_defaults
from orchestration.registry.sources import SourceConfig
from orchestration.registry.wording import nearest


def check_guardrails(folder: Folder) -> None:
    """Add a fault for every cap that stands twice, matches nothing or is all headroom, every override without its cap, every
    adapter that is to be written to and has no address or names no entity.
    """
    caps: list[Located[Cap]] = folder.records.get("caps", [])
    overrides: list[Located[CapOverride]] = folder.records.get("overrides", [])
    _check_capped_twice(folder, caps)
    _check_initiatives_exist(folder, caps)
    for override in overrides:
        _check_override(folder, override, caps)
    _check_overrides_apart(folder, overrides)
    sources: dict[str, SourceConfig] = {one.record.name: one.record for one in folder.sources}
    for adapter in folder.adapters:
        if lacks_address(with_source_defaults(adapter.record, sources.get(adapter.record.name))):
            message = "key 'base_url' is missing, and no source of this name has one; give the address of its API"
            folder.faults.append(adapter.fault((), message))
        elif adapter.record.apply and not adapter.record.entities:
            message = "apply is true and no entities are named, so nothing would be written; "
            folder.faults.append(adapter.fault(("apply",), message + 'add entities, such as ["key:*", "team:*"]'))
    for cap in caps:
        _check_headroom(folder, cap)


def _check_headroom(folder: Folder, cap: Located[Cap]) -> None:
    headroom, least = cap.record.headroom, min(one.amount for one in cap.record.windows)
    if headroom is not None and headroom >= least and cap.record.mode != "alert":
        message = f"headroom {headroom} leaves nothing of the cap of {least}, so every request would be refused; "
        folder.faults.append(cap.fault(("headroom",), message + "give less headroom or a higher amount"))


def _check_capped_twice(folder: Folder, caps: Iterable[Located[Cap]]) -> None:
    for first, second in combinations(caps, 2):
        one, other = first.record, second.record
        if (one.subject, one.adapter) != (other.subject, other.adapter) or not one.overlaps(other):
            continue
        windows = {each.window for each in one.windows} & {each.window for each in other.windows}
        ids = [each for each in other.ids if each in one.ids]
        if windows and ids and one.cap_id != other.cap_id:
            message = (
                f"{other.subject} '{ids[0]}' has a {min(windows)} cap already, '{one.cap_id}' on line {first.line}; "
                "keep one of them"
            )
            folder.faults.append(second.fault(("ids",), message))


def _check_initiatives_exist(folder: Folder, caps: Iterable[Located[Cap]]) -> None:
    if "initiatives.yaml" not in folder.documents:
        return
    known = folder.written_ids("initiatives.yaml", "initiatives", "initiative_id")
    for cap in caps:
        for pattern in cap.record.ids if cap.record.subject == "initiative" else ():
            if not any(meets([pattern], [one]) for one in known):
                message = f"initiative '{pattern}' is not in initiatives.yaml, so it can never match; "
                folder.faults.append(cap.fault(("ids",), message + nearest(pattern, known)))


def _check_override(folder: Folder, override: Located[CapOverride], caps: Iterable[Located[Cap]]) -> None:
    one = override.record
    written = folder.written_ids("guardrails.yaml", "caps", "cap_id")
    versions = [each.record for each in caps if each.record.cap_id == one.cap_id]
    if one.cap_id not in written:
        message = f"cap_id '{one.cap_id}' is not among the caps; {nearest(one.cap_id, written)}"
        folder.faults.append(override.fault(("cap_id",), message))
    elif versions and not any(one.window == each.window for cap in versions for each in cap.windows):
        windows = sorted({each.window for cap in versions for each in cap.windows})
        message = f"window '{one.window}' is none of cap '{one.cap_id}'; it has {', '.join(windows)}"
        folder.faults.append(override.fault(("window",), message))
    elif versions and not any(meets(cap.ids, [_literal(one.id)]) for cap in versions):
        message = f"id '{one.id}' is none that cap '{one.cap_id}' holds for; correct it or the cap's ids"
        folder.faults.append(override.fault(("id",), message))


def _literal(text: str) -> str:
    """A pattern that only this text matches."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def _check_overrides_apart(folder: Folder, overrides: Iterable[Located[CapOverride]]) -> None:
    for first, second in combinations(overrides, 2):
        one, other = first.record, second.record
        is_same = (one.cap_id, one.id, one.window) == (other.cap_id, other.id, other.window)
        if is_same and one.starts_at < other.expires_at and other.starts_at < one.expires_at:
            message = (
                f"the override overlaps the one on line {first.line} for the same cap, id and window; "
                "let one begin where the other expires"
            )
            folder.faults.append(second.fault(("starts_at",), message))
