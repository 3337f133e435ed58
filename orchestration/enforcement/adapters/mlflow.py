"""MLflow AI Gateway: budgets of an endpoint or a user that refuse requests once they are spent.

API: ``{base_url}/api/3.0/mlflow/gateway/budgets/{create,update,delete,list,windows}``; ``base_url`` is the tracking server's.
Entities: ``endpoint:<endpoint id>`` and, where the server has authentication, ``user:<name>``. The secret, if there is one,
is ``name:password``. Money is US dollars. Several budgets may hold for one entity and all of them do: what it may spend in
a window is the smallest. Budgets that this adapter made carry its name in ``created_by``; it changes and deletes no other,
so what a person set there stays. Windows begin at midnight UTC, and weeks on Sunday. Budgets with other windows and those
that only alert are left out of what is observed.
Failure modes: those of connectors/http.py; an answer of another shape is SchemaDrift.
"""

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orchestration.connectors.http import JsonApi
from orchestration.connectors.payload import Record
from orchestration.enforcement.adapters.base import HttpGateway, double_amount
from orchestration.enforcement.port import Capabilities, FieldName, Limit, LimitWindow, Observation, Stamp, kind_of
from orchestration.project import Home
from orchestration.registry.guardrails import AdapterConfig

FOLDER = "/api/3.0/mlflow/gateway"
BUDGETS, USERS = f"{FOLDER}/budgets", "/api/2.0/mlflow/users/get"
SCOPES = {"endpoint": "ENDPOINT", "user": "USER"}
UNITS: dict[LimitWindow, str] = {"daily": "DAYS", "weekly": "WEEKS", "monthly": "MONTHS"}
OURS = "tokenomics"
"""``created_by`` of the budgets that this adapter made."""

REFRESH_SECONDS = 600
"""How long a worker that did not take the change keeps the old budgets (MLFLOW_GATEWAY_BUDGET_REFRESH_INTERVAL)."""


def open_adapter(config: AdapterConfig, secret: str | None, home: Home) -> "MLflow":
    encoded = base64.b64encode(secret.encode()).decode() if secret else None
    api = JsonApi(
        MLflow.name,
        config.base_url,
        secret=encoded,
        secret_env=config.api_key_env,
        secret_header=None if config.api_key_env is None else "Authorization",
        secret_prefix="Basic ",
    )
    return MLflow(api, has_users=secret is not None)


class MLflow(HttpGateway):
    """The AI Gateway of one MLflow server; ``has_users`` where it is asked with a name and password."""

    name = "mlflow"

    def __init__(self, api: JsonApi, *, has_users: bool) -> None:
        super().__init__(api)
        self._has_users = has_users

    def _probe(self, kind: str) -> Capabilities:
        if kind not in SCOPES:
            return Capabilities(frozenset(), notes=("only endpoints and users have budgets; there are no keys",))
        if kind == "user" and not self._has_users:
            return Capabilities(frozenset(), notes=("budgets of users need a server with authentication",))
        self._api.get(f"{BUDGETS}/list")
        return Capabilities(
            writable=frozenset({"limits"}),
            windows=frozenset(UNITS),
            max_limits=len(UNITS),
            seen_within_seconds=REFRESH_SECONDS,
            notes=(
                "the request that crosses a budget completes, the next one is refused",
                "windows begin at midnight UTC, weeks on Sunday",
                f"one worker acts at once, others within {REFRESH_SECONDS} s",
                "cost is MLflow's own price table's; a model without a price there spends nothing",
            ),
        )

    def observe(self, entity: str) -> Observation:
        kind = kind_of(entity)
        if kind not in SCOPES or not self._exists(kind, entity):
            return self._missing(entity)
        spent = {
            one.text("budget_policy_id"): Decimal(one.money("current_spend"))
            for one in parts_of(Record(self.name, "windows", self._api.get(f"{BUDGETS}/windows")), "windows")
        }
        smallest: dict[LimitWindow, Decimal] = {}
        theirs: dict[LimitWindow, Decimal] = {}
        ours: dict[LimitWindow, list[str]] = {}
        counted: dict[LimitWindow, Decimal] = {}
        for budget in self._budgets_of(kind, entity):
            window, amount = window_of(budget), Decimal(budget.money("budget_amount"))
            if window is None or budget.text("budget_action") != "REJECT":
                continue
            smallest[window] = min(smallest.get(window, amount), amount)
            budget_id = budget.text("budget_policy_id")
            if budget_id in spent:
                counted[window] = max(counted.get(window, Decimal(0)), spent[budget_id])
            if budget.optional_text("created_by") == OURS:
                ours.setdefault(window, []).append(budget_id)
            else:
                theirs[window] = min(theirs.get(window, amount), amount)
        limits = tuple(sorted(Limit(window, amount) for window, amount in smallest.items()))
        return Observation(
            self.name,
            entity,
            self._api.now(),
            is_found=True,
            values={"limits": limits},
            spend_in_window=counted,
            raw={"ours": ours, "theirs": theirs},
        )

    def _exists(self, kind: str, entity: str) -> bool:
        if kind == "user":
            return self._has_users and self._get_or_none(USERS, (("username", path_name(entity)),)) is not None
        return self._get_or_none(f"{FOLDER}/endpoints/get", (("endpoint_id", path_name(entity)),)) is not None

    def _budgets_of(self, kind: str, entity: str) -> list[Record]:
        found: list[Record] = []
        token: str | None = ""
        while token is not None:
            page = Record(
                self.name, "budgets", self._api.get(f"{BUDGETS}/list", [("page_token", token)] if token else [])
            )
            found += parts_of(page, "budget_policies")
            token = page.optional_text("next_page_token")
        return [
            one
            for one in found
            if one.text("target_scope") == SCOPES[kind] and one.optional_text("target_value") == path_name(entity)
        ]

    def _write(self, before: Observation, values: Mapping[FieldName, Any], stamp: Stamp | None) -> None:
        wanted = {limit.window: double_amount(self.name, before.entity, limit.amount) for limit in values["limits"]}
        ours, theirs = before.raw["ours"], before.raw["theirs"]
        changes: list[tuple[str, Any]] = []
        for window in UNITS:
            known = list(ours.get(window, ()))
            amount = wanted.get(window)
            if amount is not None and (window not in theirs or amount < theirs[window]):
                changes.append(self._set(before.entity, window, amount, known.pop(0) if known else None))
            changes += [("delete", {"budget_policy_id": budget_id}) for budget_id in known]
        for verb, body in changes:
            self._api.change("DELETE" if verb == "delete" else "POST", f"{BUDGETS}/{verb}", body)

    def _set(self, entity: str, window: LimitWindow, amount: Decimal, known: str | None) -> tuple[str, Any]:
        """The change that makes our budget of this window ``amount``: an update of ``known``, or a new one."""
        if known is not None:
            return "update", {"budget_policy_id": known, "budget_amount": amount, "updated_by": OURS}
        return "create", {
            "budget_unit": "USD",
            "budget_amount": amount,
            "duration": {"unit": UNITS[window], "value": 1},
            "target_scope": SCOPES[kind_of(entity)],
            "target_value": path_name(entity),
            "budget_action": "REJECT",
            "created_by": OURS,
        }


def path_name(entity: str) -> str:
    return entity.partition(":")[2]


def parts_of(page: Record, name: str) -> list[Record]:
    """The objects of a list; MLflow leaves an empty list out."""
    return page.parts(name) if name in page else []


def window_of(budget: Record) -> LimitWindow | None:
    """The window of a budget, None for one that no limit here can say."""
    duration = budget.part("duration")
    for window, unit in UNITS.items():
        if (duration.text("unit"), duration.whole("value")) == (unit, 1):
            return window
    return None
