"""sources.yaml: which sources are on, where they are, and which environment variable holds each secret."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from orchestration.registry.fields import Currency, Day, Globs, Part, Text

SourceName = Literal[
    "openai",
    "anthropic",
    "claude_code",
    "litellm",
    "openrouter",
    "merge_gateway",
    "focus_files",
    "quickbooks",
    "xero",
    "netsuite",
]
LedgerName = Literal[
    "general_ledger", "revenue", "budgets", "headcount", "labor_rates", "business_metrics", "exchange_rates", "people"
]
LEDGER_SOURCES = ("quickbooks", "xero", "netsuite")
SECRET_VARIABLES = {
    "openai": "OPENAI_ADMIN_KEY",
    "anthropic": "ANTHROPIC_ADMIN_KEY",
    "claude_code": "ANTHROPIC_ADMIN_KEY",
    "litellm": "LITELLM_MASTER_KEY",
    "openrouter": "OPENROUTER_MANAGEMENT_KEY",
    "merge_gateway": "MERGE_GATEWAY_KEY",
}
BASE_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "claude_code": "https://api.anthropic.com",
    "openrouter": "https://openrouter.ai/api/v1",
    "merge_gateway": "https://api-gateway.merge.dev",
}
_OWN_KEYS = {
    "api": ("anthropic", "quickbooks"),
    "mode": ("litellm", *LEDGER_SOURCES),
    "path": ("litellm", "focus_files", *LEDGER_SOURCES),
    "complete_through": ("litellm", "focus_files", *LEDGER_SOURCES),
    "empty_days": ("litellm", "focus_files", *LEDGER_SOURCES),
    "legal_entity_id": LEDGER_SOURCES,
    "currency": LEDGER_SOURCES,
    "services": ("focus_files",),
    "rollup": ("litellm",),
    "table": ("litellm",),
    "results": ("litellm",),
    "connection_env": ("litellm",),
}
MODEL_SERVICES = (
    "*bedrock*",
    "*sagemaker*",
    "amazon q*",
    "*openai*",
    "azure ai*",
    "azure machine learning*",
    "azure cognitive services*",
    "cognitive services*",
    "foundry*",
    "*ai foundry*",
    "vertex ai*",
    "*gemini*",
    "*generative language*",
    "claude*",
)
"""The clouds' services that sell the use of models, as their bills name them; without regard to case."""

ROLLUP_ENGINES = ("duckdb", "spark", "snowflake", "bigquery", "databricks", "trino")
CONNECTED_ENGINES = ("duckdb", "spark")
"""The engines in which a run can have the log summed itself."""

APIS = {"anthropic": ("analytics", "legacy"), "quickbooks": ("general_ledger", "journal_entries")}
NO_SOURCE = (
    "no source is enabled in sources.yaml: a run reads the ledgers folder alone; write enabled: true for each source you "
    "have, and set the key that it names"
)
"""What ``check`` and ``run`` say of a company that reads none."""

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def check_base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not an http or https address")
    if parts.username or parts.password or parts.query:
        raise ValueError("carries a user, password or query; keep secrets in the variable that api_key_env names")
    return value.rstrip("/")


def check_variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise ValueError("is not the name of an environment variable; name the variable, never write the secret itself")
    return value


def check_relative_path(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError("must stay inside the company folder; write it relative to it, with forward slashes")
    return value


class SourceConfig(Part):
    """One source. Times are days and seconds; an optional field that is not set is None.

    ``lookback_days`` is how far each run reads again; ``start_date`` the first day ever read; ``path`` a glob below
    the company folder; ``complete_through`` the last day a file source is known to be complete for. ``mode:
    daily_activity`` reads LiteLLM's daily totals instead of its spend log; ``mode: query`` has its spend log summed by
    the engine ``rollup`` that holds it.
    """

    name: SourceName = Field(exclude=True)
    enabled: bool = True
    """Whether runs read this source; what it landed stays when it is switched off."""
    base_url: Annotated[Text, AfterValidator(check_base_url)] | None = None
    """Address of the API, as its vendor writes it, without user, password or query."""
    api_key_env: Annotated[Text, AfterValidator(check_variable)] | None = None
    """Name of the environment variable that holds the secret; never the secret itself."""
    lookback_days: Annotated[int, Field(ge=0, le=400)] = 3
    """Days before the as-of day that each run reads again, because providers restate."""
    start_date: Day | None = None
    """First day ever read."""
    mode: Literal["api", "daily_activity", "files", "query"]
    """Where the data comes from: an API, its daily totals, files, or a table that another engine sums."""
    path: Annotated[Text, AfterValidator(check_relative_path)] | None = None
    """Glob of the files, relative to the company folder, with forward slashes."""
    api: Literal["analytics", "legacy", "general_ledger", "journal_entries"] | None = None
    """Which of the vendor's APIs or reports is read."""
    complete_through: Day | None = None
    """Last day the files are known to be complete for."""
    empty_days: Literal["missing", "zero"] | None = None
    """What a day without rows means: no usage (zero) or no data (missing)."""
    services: Globs | None = None
    """Patterns of the services on a cloud's bill that are AI cost, without regard to case, beside the service category AI and
    Machine Learning and the makers of models. Default: the clouds' model services.
    """
    rollup: Literal["duckdb", "spark", "snowflake", "bigquery", "databricks", "trino"] | None = None
    """With mode query: the engine that holds the spend log."""
    table: Text | None = None
    """With mode query: the table or view with the columns of the spend log, as the engine names it."""
    results: Annotated[Text, AfterValidator(check_relative_path)] | None = None
    """With mode query: glob of the Parquet files with results of the statement that tokenomics rollup prints. Without it the
    statement is run there by each run, which duckdb and spark can.
    """
    connection_env: Annotated[Text, AfterValidator(check_variable)] | None = None
    """With mode query: name of the environment variable that holds where the engine is: of duckdb a database file or Parquet
    files, of spark a Connect address with its token.
    """
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] | None = None
    """Longest wait for one answer, in seconds."""
    legal_entity_id: Text | None = None
    """Whose ledger it is: realm, tenant or subsidiary, where the postings do not say; Xero is asked for this tenant.
    Default: company_id.
    """
    currency: Currency | None = None
    """Currency the ledger is kept in, where the postings do not say. Default: the reporting currency."""

    @property
    def is_file_source(self) -> bool:
        return self.mode == "files"

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_source(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        name = values.get("name")
        filled = dict(values)
        is_files = name in ("focus_files", *LEDGER_SOURCES) or (name == "litellm" and "path" in values)
        filled.setdefault("mode", "files" if is_files else "api")
        if name in SECRET_VARIABLES:
            filled.setdefault("api_key_env", SECRET_VARIABLES[name])
        if name in BASE_URLS:
            filled.setdefault("base_url", BASE_URLS[name])
        if name == "anthropic":
            filled.setdefault("api", "analytics")
        if filled["mode"] == "files":
            filled.setdefault("empty_days", "missing")
        return filled

    @model_validator(mode="after")
    def _complete(self) -> "SourceConfig":
        if self.api is not None and self.name in APIS and self.api not in APIS[self.name]:
            raise ValueError(f"api '{self.api}' is not one of {self.name}; write {' or '.join(APIS[self.name])}")
        if not self.enabled:
            return self
        if self.is_file_source and self.path is None and self.name not in LEDGER_SOURCES:
            raise ValueError("key 'path' is missing; name the files, like logs/*.parquet")
        if self.mode == "daily_activity" and self.name != "litellm":
            raise ValueError("mode daily_activity is LiteLLM's only; write mode: api or mode: files")
        if not self.is_file_source and self.start_date is None:
            raise ValueError("key 'start_date' is missing; give the first day to read, as YYYY-MM-DD")
        if self.mode == "query":
            self._complete_query()
        elif not self.is_file_source and self.base_url is None:
            raise ValueError("key 'base_url' is missing; give the address of the API")
        return self

    def _complete_query(self) -> None:
        if self.name != "litellm":
            raise ValueError("mode query is LiteLLM's only; write mode: api or mode: files")
        if self.rollup is None:
            raise ValueError(
                f"key 'rollup' is missing; name the engine that holds the log: {', '.join(ROLLUP_ENGINES)}"
            )
        if self.results is None and self.rollup not in CONNECTED_ENGINES:
            raise ValueError(
                f"key 'results' is missing; a run does not connect to {self.rollup}: let it run what tokenomics rollup "
                "prints, and name the Parquet files of the results, like rollup/*.parquet"
            )
        is_placed = self.results is not None or self.path is not None or self.connection_env is not None
        if self.rollup == "duckdb" and not is_placed:
            raise ValueError("key 'path' is missing; name the database file or the Parquet files that hold the log")
        if self.table is None and self.path is None:
            raise ValueError("key 'table' is missing; name the table or view that holds the log")


def foreign_keys(name: str, written: set[str]) -> list[str]:
    """Those of the keys written for a source that belong to other sources only."""
    return sorted(key for key in written if key in _OWN_KEYS and name not in _OWN_KEYS[key])


AccountClass = Literal["asset", "liability", "equity", "revenue", "expense"]


class LedgerSide(Part):
    """How a column tells debits from credits."""

    column: Text
    """What the files call the column."""
    debit: tuple[Text, ...]
    """Its words for a debit, without regard to case."""
    credit: tuple[Text, ...]
    """Its words for a credit."""


class LedgerConfig(Part):
    """How one kind of ledger file is read, where the files do not say it themselves."""

    on_reject: Literal["fail", "quarantine"] | None = None
    """fail refuses every ledger file on any rejected row, quarantine loads the other rows."""
    columns: dict[Text, Text] = Field(default_factory=dict)
    """What the files call a column, by the column's own name, like {amount: Net amount}."""
    decimal_comma: bool | None = None
    """true reads 1.234 as 1234 and 1,5 as 1.5, false the other way; needed only where no number of a file decides."""
    day_first: bool | None = None
    """true reads 01/10/2026 as 1 October, false as 10 January; needed only where no date of a file decides."""
    encoding: (
        Literal["windows-1250", "windows-1251", "windows-1252", "shift_jis", "gb18030", "big5", "euc-kr"] | None
    ) = None
    """How the files write letters, where it is neither UTF-8 nor UTF-16."""
    values: dict[Text, Text] = Field(default_factory=dict)
    """What a column holds on every row, where the files have no such column, like {currency: EUR}."""
    words: dict[Text, dict[Text, Text]] = Field(default_factory=dict)
    """What a value of a column means, by the files' own word, without regard to case, like {account_class: {Bank: asset}}."""
    signed_amount: Text | None = None
    """Of a general ledger: the column that holds debits as positive and credits as negative amounts."""
    side: LedgerSide | None = None
    """Of a general ledger: the column that says whether signed_amount is a debit or a credit."""
    contra_account: Text | None = None
    """Of a general ledger: the column of the account that takes the other side; each row is then two lines."""
    account_classes: dict[Text, AccountClass] = Field(default_factory=dict)
    """Of a general ledger without account_class: patterns of account numbers to classes; the first match wins."""
    empty_side: Literal["zero"] | None = None
    """Of a general ledger: zero reads an empty debit beside a filled credit, and the other way round, as 0."""
    number_lines: bool = False
    """Of a general ledger without line numbers: lines are numbered within their entry as the file has them."""

    @model_validator(mode="after")
    def _amounts_belong_together(self) -> "LedgerConfig":
        if self.signed_amount is None and (self.side or self.contra_account):
            raise ValueError("side and contra_account need signed_amount, the column of the amount they tell about")
        return self


GENERAL_LEDGER_KEYS = ("signed_amount", "side", "contra_account", "account_classes", "empty_side", "number_lines")


LEDGER_DEFAULTS: dict[str, LedgerConfig] = {
    name: LedgerConfig(on_reject="fail" if name == "general_ledger" else "quarantine")
    for name in LedgerName.__args__  # type: ignore[attr-defined]
}
