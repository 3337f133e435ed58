"""The company folder: what the company declares about itself, validated with file and line, and landed.

Belongs here: models of the YAML files, the policy, checks between files. Does not: what a source reports, ledger
rows, prices.
"""

from orchestration.registry.company import Company
from orchestration.registry.contracts import prices_without_currency
from orchestration.registry.documents import read_document
from orchestration.registry.faults import Fault, RegistryError
from orchestration.registry.initiatives import Initiative
from orchestration.registry.landed import land_registry
from orchestration.registry.loader import load_alert_settings, load_company, unread_files
from orchestration.registry.policy import EffectivePolicy, explain_policy
from orchestration.registry.posting_roles import missing_posting_roles
from orchestration.registry.sources import SourceConfig
from orchestration.registry.starter import write_company_folder

__all__ = [
    "Company",
    "EffectivePolicy",
    "Fault",
    "Initiative",
    "RegistryError",
    "SourceConfig",
    "explain_policy",
    "land_registry",
    "load_alert_settings",
    "load_company",
    "missing_posting_roles",
    "prices_without_currency",
    "read_document",
    "unread_files",
    "write_company_folder",
]
