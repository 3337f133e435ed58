"""OpenAI's directories and error shape as the demo server speaks them: projects, users, project API keys.

Lists page by the last id seen. Usage and costs are in ``openai_api``.
"""

from typing import Any

from orchestration.demo.catalog import FIRST_DAY, moment
from orchestration.demo.finance import PEOPLE
from orchestration.demo.wire import Fault, Query, World, seconds

_CREATED = seconds(moment(FIRST_DAY))


def refuse(status: int, message: str, param: str | None = None, code: str | None = None) -> Fault:
    """An error answer in OpenAI's shape; 429 says when to come back."""
    kinds = {429: "rate_limit_error", 500: "server_error"}
    kind = kinds.get(status, "invalid_request_error")
    headers = {"Retry-After": "1"} if status == 429 else {}
    return Fault(status, {"error": {"message": message, "type": kind, "param": param, "code": code}}, headers)


def bad_request(message: str) -> Fault:
    """A 400 whose parameter is the first word of the message."""
    return refuse(400, message, param=message.split(maxsplit=1)[0].rstrip(":"), code="invalid_value")


def listed(query: Query, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One page of a list, behind the id in ``after``."""
    limit = query.whole("limit", 20, 1, 100, bad_request)
    ids = [row["id"] for row in rows]
    after = query.one("after")
    if after is not None and after not in ids:
        raise bad_request("after names no known object")
    begin = ids.index(after) + 1 if after is not None else 0
    shown = rows[begin : begin + limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": begin + limit < len(rows),
    }


def display_name(identifier: str) -> str:
    """A readable name out of an id like ``proj_reply``."""
    return identifier.split("_", 1)[1].replace("_", " ").capitalize()


def projects(world: World) -> list[dict[str, Any]]:
    """Every project that ever had usage."""
    return [
        {
            "object": "organization.project",
            "id": project,
            "name": display_name(project),
            "created_at": _CREATED,
            "archived_at": None,
            "status": "active",
            "external_key_id": None,
        }
        for project in sorted({row.project_id for row in world.traffic.openai})
    ]


def users() -> list[dict[str, Any]]:
    """The people with an OpenAI account."""
    return [
        {
            "object": "organization.user",
            "id": actor,
            "name": display_name(actor),
            "email": email,
            "role": "reader",
            "added_at": _CREATED,
            "is_service_account": False,
        }
        for actor, _, _, email in PEOPLE
        if actor.startswith("user_")
    ]


def api_keys(world: World, project: str) -> list[dict[str, Any]]:
    """The keys of one project."""
    keys = sorted({row.api_key_id for row in world.traffic.openai if row.project_id == project})
    if not keys:
        raise refuse(404, "No project with that id.", "project_id", "project_not_found")
    return [
        {
            "object": "organization.project.api_key",
            "id": key,
            "name": display_name(key),
            "redacted_value": "sk-...demo",
            "created_at": _CREATED,
            "last_used_at": _CREATED,
            "owner_project_access": "active",
            "owner": {
                "type": "service_account",
                "service_account": {
                    "object": "organization.project.service_account",
                    "id": f"svc_{key}",
                    "name": display_name(key),
                    "role": "member",
                    "created_at": _CREATED,
                },
            },
        }
        for key in keys
    ]
