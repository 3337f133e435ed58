"""One name per seller: what gateways, clouds and people call a provider, and the name the warehouse knows it by.

The table stands once, as ``vars: sellers`` of ``dbt_project.yml``, where staging reads it (macro ``seller``): the seller's
name to the names that mean it, in lower case, a trailing ``*`` for any ending. Here it serves the price book and what the
company folder says of providers. A name that the table does not list is the seller's own name, in lower case.
Beside it ``vars: counterparties`` says what the legal names of the usual sellers begin with in a ledger.
"""

from functools import cache

import yaml  # type: ignore[import-untyped, unused-ignore]

from orchestration.project import DBT_PROJECT


def seller_of(name: str) -> str:
    """The one name of the seller that is called ``name``; a pattern that the table lists means that seller too."""
    wanted = name.strip().lower()
    for seller, names in _listed("sellers").items():
        for listed in names:
            if wanted == listed or (listed.endswith("*") and wanted.startswith(listed[:-1])):
                return seller
    return wanted


def names_of_sellers() -> set[str]:
    """The sellers that the table lists, by the names that the warehouse knows them by."""
    return set(_listed("sellers"))


def counterparties_of_sellers() -> dict[str, list[str]]:
    """Patterns of the names by which ledgers call the usual sellers, by seller."""
    return _listed("counterparties")


@cache
def _listed(table: str) -> dict[str, list[str]]:
    project = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    names: dict[str, list[str]] = project["vars"][table]
    return names
