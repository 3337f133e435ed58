"""Rules that contradict each other: overlapping dates of one id, priorities that clash, rules that can never match."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from orchestration.registry.contracts import BALANCES, Contract
from orchestration.registry.documents import Document
from orchestration.registry.fields import Record
from orchestration.registry.folder import Folder, Located
from orchestration.registry.globs import covers, meets
from orchestration.registry.wording import nearest

_Key = Callable[[Any], tuple[Any, ...]]
_Patterns = Mapping[str, tuple[str, ...]]


def _contract_identity(contract: Contract) -> tuple[Any, ...]:
    """A balance is its id and dates alone; a discount or price also the models and the class of tokens it holds for."""
    if contract.kind in BALANCES:
        return contract.contract_id, contract.kind
    return contract.contract_id, contract.kind, contract.models, contract.token_class


_IDENTITIES: dict[str, tuple[str, _Key]] = {
    "initiatives": ("initiative_id", lambda one: (one.initiative_id,)),
    "rules": ("rule_id", lambda one: (one.rule_id,)),
    "pools": ("pool_id", lambda one: (one.pool_id,)),
    "contracts": ("contract_id", _contract_identity),
    "departments": ("department_id", lambda one: (one.department_id,)),
    "products": ("product_id", lambda one: (one.product_id,)),
    "customers": ("customer_id", lambda one: (one.customer_id,)),
    "tiers": ("tier", lambda one: (one.tier,)),
    "caps": ("cap_id", lambda one: (one.cap_id,)),
}


def check_rules(folder: Folder) -> None:
    """Add a fault for every overlap, clash and dead rule."""
    for section, (key, identity) in _IDENTITIES.items():
        _check_overlaps(folder, section, key, identity)
    rules = folder.records.get("rules", [])
    _check_priorities(folder, rules)
    _check_sources_exist(folder, rules)
    _check_pool_order(folder)
    _check_shadowed(folder, rules)
    _check_cost_classes(folder)
    if document := folder.documents.get("company.yaml"):
        _check_pattern_order(folder, document, "ledger_accounts")
        _check_pattern_order(folder, document, "ledger_counterparties")
    if document := folder.documents.get("model_tiers.yaml"):
        _check_pattern_order(folder, document, "models")


def _check_overlaps(folder: Folder, section: str, key: str, identity: _Key) -> None:
    for first, second in _pairs(folder.records.get(section, []), identity):
        if first.record.overlaps(second.record):
            name = getattr(second.record, key)
            message = (
                f"{key} '{name}' is already declared on line {first.line} for overlapping dates; "
                "give each version its own valid_from and valid_to"
            )
            folder.faults.append(second.fault((key,), message))


def _pairs(records: list[Located[Any]], key: _Key) -> Iterator[tuple[Located[Any], Located[Any]]]:
    """Every pair of records with the same key, in the order of the file."""
    groups: dict[tuple[Any, ...], list[Located[Any]]] = {}
    for one in records:
        groups.setdefault(key(one.record), []).append(one)
    for group in groups.values():
        yield from combinations(group, 2)


def _check_priorities(folder: Folder, rules: list[Located[Any]]) -> None:
    for first, second in _pairs(rules, lambda rule: (rule.priority,)):
        if (
            first.record.rule_id != second.record.rule_id
            and first.record.overlaps(second.record)
            and _can_both_match(first.record.match.patterns(), second.record.match.patterns())
        ):
            message = (
                f"priority {second.record.priority} is also that of rule '{first.record.rule_id}' on line "
                f"{first.line}, and both can match the same usage; give one of them another priority"
            )
            folder.faults.append(second.fault(("priority",), message))


def _can_both_match(one: _Patterns, other: _Patterns) -> bool:
    return all(meets(one[key], other[key]) for key in one.keys() & other.keys())


def _check_sources_exist(folder: Folder, rules: Iterable[Located[Any]]) -> None:
    document = folder.documents.get("sources.yaml")
    written = document.data.get("sources") if document else None
    if not isinstance(written, dict):
        return
    for rule in rules:
        patterns = rule.record.match.source or ()
        for position, pattern in enumerate(patterns):
            if not any(meets([pattern], [name]) for name in written):
                message = (
                    f"source '{pattern}' is not in sources.yaml, so it can never match; {nearest(pattern, written)}"
                )
                folder.faults.append(rule.fault(("match", "source", position), message))


def _check_shadowed(folder: Folder, rules: list[Located[Any]]) -> None:
    higher: list[tuple[Located[Any], _Patterns]] = []
    for rule in sorted(rules, key=lambda one: -one.record.priority):
        patterns = rule.record.match.patterns()
        shadow = next((one for one, wide in higher if _shadows(one.record, wide, rule.record, patterns)), None)
        higher.append((rule, patterns))
        if shadow is not None and shadow.record.priority > rule.record.priority:
            message = (
                f"rule '{rule.record.rule_id}' can never match: rule '{shadow.record.rule_id}' on line {shadow.line} "
                "comes first and takes all of its usage; raise its priority, narrow the other rule or drop it"
            )
            folder.faults.append(rule.fault(("rule_id",), message))


def _shadows(higher: Record, wide: _Patterns, lower: Record, narrow: _Patterns) -> bool:
    return wide.keys() <= narrow.keys() and higher.spans(lower) and all(covers(wide[key], narrow[key]) for key in wide)


def _check_pool_order(folder: Folder) -> None:
    pools = folder.records.get("pools", [])
    orders = {pool.record.pool_id: pool.record.order for pool in pools}
    for first, second in combinations(pools, 2):
        same = first.record.order == second.record.order and first.record.pool_id != second.record.pool_id
        if same and first.record.overlaps(second.record):
            message = f"order {second.record.order} is also that of pool '{first.record.pool_id}'; change one of them"
            folder.faults.append(second.fault(("order",), message))
    for pool in pools:
        for position, target in enumerate(pool.record.share.targets if pool.record.share else ()):
            if target.pool_id in orders and orders[target.pool_id] <= pool.record.order:
                message = (
                    f"pool '{pool.record.pool_id}' may only feed pools of higher order; reorder or drop the target"
                )
                folder.faults.append(pool.fault(("share", "targets", position, "pool_id"), message))


def _check_cost_classes(folder: Folder) -> None:
    rules = folder.records.get("cost_classes", [])
    for number, rule in enumerate(rules):
        for earlier in rules[:number]:
            keys = [
                key
                for key in ("kind", "stage", "department_id", "function")
                if getattr(earlier.record, key) is not None
            ]
            is_wider = all(getattr(earlier.record, key) == getattr(rule.record, key) for key in keys)
            if is_wider and earlier.record.spans(rule.record):
                message = (
                    f"the cost class can never match: the one on line {earlier.line} comes first; reorder or drop it"
                )
                folder.faults.append(rule.fault((), message))
                break


def _check_pattern_order(folder: Folder, document: Document, section: str) -> None:
    """First match wins: a pattern behind one that covers it is dead."""
    entries = document.data.get(section)
    patterns = [key for key in entries if key] if isinstance(entries, dict) else []
    for number, pattern in enumerate(patterns):
        earlier = next((one for one in patterns[:number] if _covers_valid(one, pattern)), None)
        if earlier is not None:
            line = document.line((section, earlier))
            message = f"'{pattern}' can never match: '{earlier}' on line {line} covers it; put it before that line"
            folder.faults.append(document.fault((section, pattern), message))


def _covers_valid(wide: str, narrow: str) -> bool:
    try:
        return covers([wide], [narrow])
    except ValueError:
        return False
