"""A small LiteLLM on loopback for the command: keys, their updates, calls that cost, refusals, and the log of both."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.connectors.loopback_server import Answer, Request
from tests.connectors.test_litellm_api import log_row

MASTER = "sk-master-loopback-0001"
FOREIGN = "sk-proj-Foreign_Token-0123456789"
"""A key of somebody else's that the gateway puts into its refusals."""
CALL = Decimal("0.50")
"""What a call costs: a million tokens of output of gpt-6-luna."""


class SmallLiteLlm:
    """``keys`` by token hash; a caller's key is its hash behind ``sk-``. ``now`` is its clock; ``refused``: keys whose updates it
    refuses; ``hidden``: it shows no key.
    """

    def __init__(self, *keys: str) -> None:
        self.now = datetime.now(UTC)
        self.keys = {name: self._settings(name) for name in keys}
        self.rows: list[dict[str, Any]] = []
        self.writes: list[dict[str, Any]] = []
        self.is_away = False
        self.refused: set[str] = set()
        self.hidden = False

    def _settings(self, name: str) -> dict[str, Any]:
        return {
            **{"max_budget": None, "budget_duration": None, "rpm_limit": None, "tpm_limit": None, "user_id": None},
            **{"token": name, "spend": 0.0, "models": [], "aliases": {}, "blocked": None, "metadata": {}},
            **{"budget_limits": None, "settings_updated_at": None, "created_at": "2026-09-01T00:00:00Z"},
        }

    def answer(self, request: Request) -> Answer:
        if self.is_away:
            return Answer({"error": {"message": "away"}}, 503, {"x-should-retry": "false"})
        if request.path == "/v1/chat/completions":
            return self._chat(request.headers["authorization"].removeprefix("Bearer sk-"))
        if request.headers.get("authorization") != f"Bearer {MASTER}":
            return _error(401, "auth_error", "no such key")
        if request.path.startswith("/health"):
            return Answer({"status": "healthy", "litellm_version": "1.106.2", "has_license": False})
        if request.path == "/spend/logs/v2":
            return Answer(self._logs(dict(request.query)))
        if request.path == "/key/info":
            if self.hidden:
                return Answer({"error": {"message": "boom"}}, 500, {"x-should-retry": "false"})
            name = str(request.one("key"))
            found = self.keys.get(name)
            return Answer({"key": name, "info": found}) if found else _error(404, "not_found_error", "Key not found")
        if request.path == "/key/update":
            import json

            body = json.loads(request.body)
            self.writes.append(body)
            if body["key"] in self.refused:
                return _error(400, "bad_request", f"not now, {FOREIGN}")
            self.keys[body["key"]] |= {name: value for name, value in body.items() if name != "key"}
            return Answer(self.keys[body["key"]])
        return _error(404, "not_found_error", "Not Found")

    def call(self, name: str, at: datetime | None = None, **changes: Any) -> None:
        """One call of the key that passes, logged."""
        moment = at or self.now - timedelta(seconds=20)
        dear = {"prompt_tokens": 0, "completion_tokens": 1_000_000}
        row = log_row(request_id=f"r{len(self.rows)}", api_key=name, startTime=moment.isoformat(), metadata={}, **dear)
        self.rows.append(row | changes)
        self.keys[name]["spend"] += float(CALL)

    def _chat(self, name: str) -> Answer:
        key = self.keys[name]
        limits = [Decimal(str(one["max_budget"])) for one in key["budget_limits"] or ()]
        limits += [Decimal(str(key["max_budget"]))] if key["max_budget"] is not None else []
        if key["blocked"]:
            return _error(401, "auth_error", "Key is blocked")
        if any(Decimal(str(key["spend"])) >= limit for limit in limits):
            failed = {"error_information": {"error_class": "BudgetExceededError"}}
            self.rows.append(
                log_row(
                    request_id=f"r{len(self.rows)}", api_key=name, status="failure", metadata=failed,
                    startTime=datetime.now(UTC).isoformat(),
                )
            )  # fmt: skip
            return _error(422, "budget_exceeded", "Budget has been exceeded!")
        self.call(name, datetime.now(UTC))
        return Answer({"choices": []})

    def _logs(self, query: dict[str, str]) -> dict[str, Any]:
        begin, end = (datetime.fromisoformat(query[name]).replace(tzinfo=UTC) for name in ("start_date", "end_date"))
        size, page = int(query["page_size"]), int(query["page"])
        found = [row for row in self.rows if begin <= datetime.fromisoformat(row["startTime"]) <= end]
        found.sort(key=lambda row: row["startTime"])
        shown = found[(page - 1) * size : page * size]
        return {"data": shown, "total": len(found), "page": page, "total_pages": -(-len(found) // size)}


def _error(status: int, kind: str, message: str) -> Answer:
    return Answer({"error": {"message": message, "type": kind, "param": None, "code": str(status)}}, status)
