"""Which accounts a company's month-end journals will need, and which of them company.yaml does not name.

Told before a run, because a journal whose account is missing is left out whole.
"""

from collections.abc import Iterator
from typing import Any

from orchestration.registry.company import Company
from orchestration.registry.landed import registry_rows

_FACTS = ("kind", "stage", "department_id", "function")
_UNOWNED = "selling_and_administration"
"""What cost that nobody owns is accrued to."""


def missing_posting_roles(company: Company) -> tuple[str, ...]:
    """A line for each role that a journal may need and ``posting_accounts`` does not name, with what needs it.

    None for a company without any posting accounts: it asked for no journals.
    """
    named = company.config.posting_accounts
    if not named:
        return ()
    told: dict[str, str] = {}
    for role, needed_by in _needed(company):
        if role not in named:
            told.setdefault(role, needed_by)
    return tuple(
        f"company.yaml: posting_accounts: no account for {role}, which {needed_by} needs: month-end journals with it "
        "are left out"
        for role, needed_by in told.items()
    )


def _needed(company: Company) -> Iterator[tuple[str, str]]:
    yield "accrued_liabilities", "every accrual"
    yield _UNOWNED, "cost that nobody owns"
    for contract in company.contracts:
        if contract.kind == "prepaid":
            yield "prepaid", f"prepaid balance {contract.contract_id}"
    rules = registry_rows(company)["cost_class_rules"]
    for owner, facts in _owners(company):
        for cost_class in _classes(rules, facts):
            yield cost_class, owner


def _owners(company: Company) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Whoever may own cost, as a cost class sees them; an experiment may become core."""
    functions: dict[str | None, set[str | None]] = {}
    for department in company.departments:
        functions.setdefault(department.department_id, set()).add(department.function)

    def described(kind: str | None, stage: str | None, department_id: str | None) -> Iterator[dict[str, str | None]]:
        for function in sorted(functions.get(department_id, {None}), key=str):
            yield dict(zip(_FACTS, (kind, stage, department_id, function), strict=True))

    for one in company.initiatives:
        for stage in (one.stage, "core") if one.stage == "experimentation" else (one.stage,):
            for facts in described(one.kind, stage, one.department_id):
                yield f"initiative {one.initiative_id} in stage {stage}", facts
    for key, name in _named_by_rules(company):
        if key == "department_id":
            for facts in described(None, None, name):
                yield f"department {name}", facts
        elif key in ("product_id", "customer_id"):
            yield f"{key.removesuffix('_id')} {name}", next(described("customer_facing", "core", None))


def _named_by_rules(company: Company) -> Iterator[tuple[str, str]]:
    """Owners other than initiatives, as key and name."""
    shares = [*(rule.share for rule in company.rules), *(pool.share for pool in company.pools)]
    for target in (target for share in shares if share is not None for target in share.targets):
        yield target.receiver
    for assign in (rule.assign for rule in company.rules if rule.assign is not None):
        key = next(
            key for key in ("initiative_id", "product_id", "customer_id", "department_id") if getattr(assign, key)
        )
        yield key, getattr(assign, key)


def _classes(rules: list[dict[str, Any]], facts: dict[str, str | None]) -> Iterator[str]:
    """The classes of the rules that fit, up to the first that fits on every day."""
    for rule in rules:
        if all(rule.get(key) in (None, facts[key]) for key in _FACTS):
            yield rule["cost_class"]
            if rule.get("valid_from") is None and rule.get("valid_to") is None:
                return
