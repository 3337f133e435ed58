"""The demo server as a plain client meets it: keys, pages, limits, transient faults, the gateway, the clock."""

from pathlib import Path

import pytest
import requests

from orchestration.demo.catalog import AS_OF, DEFAULT_CLOCK, DEMO_KEYS, FIRST_DAY, RESTATED_AT, moment, token_hash
from orchestration.demo.server import serving
from orchestration.demo.wire import World, seconds
from tests.demo.truth import expected

OPENAI = {"Authorization": f"Bearer {DEMO_KEYS['DEMO_OPENAI_ADMIN_KEY']}"}
ANTHROPIC = {
    "x-api-key": DEMO_KEYS["DEMO_ANTHROPIC_ADMIN_KEY"],
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "analytics-usage-cost-2026-08-24",
}
GATEWAY = {"Authorization": f"Bearer {DEMO_KEYS['DEMO_LITELLM_MASTER_KEY']}"}
START = seconds(moment(FIRST_DAY))
OPEN_ENDED = {"starting_at": "2026-10-01T00:00:00Z", "time_bucket_width": "1d"}
ANALYTICS = {"starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-10-05T00:00:00Z", "time_bucket_width": "1d"}


def get(url: str, headers: dict[str, str], **parameters) -> requests.Response:
    return requests.get(url, headers=headers, params=parameters, timeout=10)


def test_a_wrong_key_is_refused_in_each_vendors_shape_and_never_echoed(base_url):
    wrong = "sk-wrong-0000"
    openai = get(f"{base_url}/v1/organization/costs", {"Authorization": f"Bearer {wrong}"}, start_time=START)
    anthropic = get(f"{base_url}/v1/organizations/me", {"x-api-key": wrong, "anthropic-version": "2023-06-01"})
    gateway = get(f"{base_url}/key/list", {"Authorization": f"Bearer {wrong}"})
    assert [answer.status_code for answer in (openai, anthropic, gateway)] == [401, 401, 401]
    assert openai.json()["error"]["code"] == "invalid_api_key"
    assert anthropic.json()["error"]["type"] == "authentication_error"
    assert gateway.json()["error"]["code"] == "401"
    assert not any(wrong in answer.text for answer in (openai, anthropic, gateway))


def test_no_key_at_all_is_refused(base_url):
    assert get(f"{base_url}/v1/organization/projects", {}).status_code == 401


def test_a_page_token_is_bound_to_its_query(base_url):
    url = f"{base_url}/v1/organization/usage/completions"
    first = get(url, OPENAI, start_time=START, limit=3).json()
    assert first["has_more"]
    second = get(url, OPENAI, start_time=START, limit=3, page=first["next_page"]).json()
    assert second["data"][0]["start_time"] == first["data"][-1]["end_time"]
    other = get(url, OPENAI, start_time=START, limit=4, page=first["next_page"])
    assert other.status_code == 400
    assert get(url, OPENAI, start_time=START, page="page_nonsense").status_code == 400


def test_anthropic_pages_cover_every_row_once(base_url):
    url, rows, page = f"{base_url}/v1/organizations/analytics/usage", [], {}
    whole = {**ANALYTICS, "group_by[]": ["api_key_id", "model"], "order": "asc"}
    while True:
        answer = get(url, ANTHROPIC, **whole, limit=2, **page).json()
        rows += answer["data"]
        if not answer["has_more"]:
            break
        page = {"page": answer["next_page"]}
    once = get(url, ANTHROPIC, **whole, limit=1000).json()
    assert rows == once["data"]
    assert len(rows) == 8
    assert once["data_refreshed_at"] == DEFAULT_CLOCK.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("path", "headers", "parameters"),
    [
        ("/v1/organization/usage/completions", OPENAI, {"start_time": START, "limit": 32}),
        ("/v1/organization/usage/completions", OPENAI, {"start_time": START, "bucket_width": "1h", "limit": 169}),
        ("/v1/organization/usage/completions", OPENAI, {}),
        ("/v1/organization/usage/completions", OPENAI, {"start_time": "soon"}),
        ("/v1/organization/usage/completions", OPENAI, {"start_time": START, "group_by": "line_item"}),
        ("/v1/organization/costs", OPENAI, {"start_time": START, "limit": 181}),
        ("/v1/organization/costs", OPENAI, {"start_time": START, "bucket_width": "1h"}),
        ("/v1/organization/costs", OPENAI, {"start_time": START, "group_by": ["user_id", "project_id"]}),
        ("/v1/organization/costs", OPENAI, {"start_time": 1764892800, "group_by": "api_key_id"}),
        ("/v1/organization/projects", OPENAI, {"limit": 101}),
        ("/v1/organizations/analytics/usage", ANTHROPIC, {**ANALYTICS, "limit": 1001}),
        ("/v1/organizations/analytics/usage", ANTHROPIC, {**ANALYTICS, "ending_at": "2026-11-30T00:00:00Z"}),
        ("/v1/organizations/analytics/usage", ANTHROPIC, {**ANALYTICS, "starting_at": "2025-12-31T00:00:00Z"}),
        ("/v1/organizations/analytics/usage", ANTHROPIC, {**ANALYTICS, "starting_at": "2026-10-01T00:00:00"}),
        ("/v1/organizations/analytics/usage", ANTHROPIC, {**ANALYTICS, "group_by": "cost_type"}),
        ("/v1/organizations/analytics/usage", ANTHROPIC, OPEN_ENDED),
        ("/v1/organizations/workspaces", ANTHROPIC, {"limit": 0}),
        ("/spend/logs/v2", GATEWAY, {"start_date": "2026-10-01", "end_date": "2026-10-02", "page_size": 1001}),
        ("/spend/logs/v2", GATEWAY, {"start_date": "October", "end_date": "2026-10-02"}),
        ("/key/list", GATEWAY, {"size": 101}),
    ],
)  # fmt: skip
def test_parameters_beyond_the_contract_are_refused_with_400(base_url, path, headers, parameters):
    assert get(base_url + path, headers, **parameters).status_code == 400


def test_a_page_of_costs_holds_31_days_whatever_was_asked(base_url):
    answer = get(f"{base_url}/v1/organization/costs", OPENAI, start_time=START, limit=180).json()
    assert len(answer["data"]) == 31
    assert answer["has_more"]


def test_anthropic_analytics_need_the_beta_header(base_url):
    headers = {name: value for name, value in ANTHROPIC.items() if name != "anthropic-beta"}
    assert get(f"{base_url}/v1/organizations/analytics/usage", headers, **ANALYTICS).status_code == 404


def test_each_transient_fault_is_served_once():
    world = World()
    with serving(world=world) as address:
        costs = [get(f"{address}/v1/organization/costs", OPENAI, start_time=START) for _ in range(2)]
        cost = [get(f"{address}/v1/organizations/analytics/cost", ANTHROPIC, **ANALYTICS) for _ in range(2)]
    assert [answer.status_code for answer in costs] == [429, 200]
    assert costs[0].headers["Retry-After"] == "1"
    assert costs[0].json()["error"]["type"] == "rate_limit_error"
    assert [answer.status_code for answer in cost] == [500, 200]
    assert cost[0].json()["error"]["type"] == "api_error"
    assert len(world.requests) == 4


def test_the_gateway_reads_its_settings_back(base_url):
    key = get(f"{base_url}/key/info", GATEWAY, key=token_hash("ticket_triage")).json()
    assert (key["info"]["max_budget"], key["info"]["budget_duration"]) == (4.0, "1d")
    unlimited = get(f"{base_url}/key/info", GATEWAY, key=token_hash("contract_intake")).json()
    assert (unlimited["info"]["max_budget"], unlimited["info"]["budget_duration"]) == (90.0, None)
    team = get(f"{base_url}/team/info", GATEWAY, team_id="team_revenue").json()
    assert (team["team_info"]["max_budget"], team["team_info"]["budget_duration"]) == (300.0, "30d")
    keys = get(f"{base_url}/key/list", GATEWAY, size=5, page=3, return_full_object="true").json()
    assert (len(keys["keys"]), keys["total_count"], keys["total_pages"]) == (3, 13, 3)
    assert get(f"{base_url}/key/info", GATEWAY, key="unknown").status_code == 404
    assert get(f"{base_url}/team/info", GATEWAY, team_id="unknown").status_code == 404
    assert get(f"{base_url}/health/readiness", {}).json()["status"] == "healthy"


def test_the_gateways_logs_hold_one_day_and_its_refusals(base_url):
    day = {"start_date": "2026-10-25", "end_date": "2026-10-25"}
    answer = get(f"{base_url}/spend/logs/v2", GATEWAY, **day, page_size=1000, sort_order="asc").json()
    assert answer["total"] == len(answer["data"]) == len({row["request_id"] for row in answer["data"]})
    assert all(row["startTime"].startswith("2026-10-25") for row in answer["data"])
    refused = [row for row in answer["data"] if row["status"] == "failure"]
    assert {row["metadata"]["error_information"]["type"] for row in refused} == {"budget_exceeded"}
    assert {row["api_key"] for row in refused} == {token_hash("invoice_matching")}


def test_after_the_clock_has_moved_three_days_are_restated(world, base_url):
    before, after = expected(DEFAULT_CLOCK), expected(RESTATED_AT)
    moved = {
        (provider, day.isoformat())
        for (provider, day), amount in after.billed_by_provider_day.items()
        if amount != before.billed_by_provider_day[provider, day]
    }
    assert moved == {("openai", "2026-10-20"), ("openai", "2026-10-21"), ("anthropic", "2026-10-25")}
    url, hour = f"{base_url}/v1/organization/usage/completions", seconds(moment(AS_OF.replace(day=20), 16))
    asked = {"start_time": hour, "end_time": hour + 3600, "bucket_width": "1h", "project_ids": "proj_reply"}
    first = get(url, OPENAI, **asked).json()["data"][0]["results"][0]
    world.clock = RESTATED_AT
    second = get(url, OPENAI, **asked).json()["data"][0]["results"][0]
    assert second["output_tokens"] == 2 * first["output_tokens"]


def test_days_after_the_clock_are_not_reported(world, base_url):
    world.clock = moment(AS_OF)
    answer = get(f"{base_url}/v1/organization/costs", OPENAI, start_time=seconds(moment(AS_OF)) - 86400).json()
    assert len(answer["data"]) == 1


def post(url: str, body: object, headers: dict[str, str] = GATEWAY) -> requests.Response:
    return requests.post(url, json=body, headers=headers, timeout=10)


def test_a_write_to_the_gateway_changes_the_fields_sent_and_is_found_by_a_later_server(tmp_path: Path) -> None:
    token, file = token_hash("ticket_triage"), tmp_path / "demo" / "gateway.json"
    limits = [{"budget_duration": "1d", "max_budget": 3.5}, {"budget_duration": "30d", "max_budget": 50}]
    with serving(world=World(gateway_file=file)) as address:
        first = post(f"{address}/key/update", {"key": token, "metadata": {"a": 1, "b": 2}, "rpm_limit": 7})
        assert (first.status_code, first.json()["metadata"]) == (200, {"a": 1, "b": 2})
        post(f"{address}/key/update", {"key": token, "metadata": {"c": 3}, "budget_limits": limits})
        assert post(f"{address}/key/block", {"key": token}).status_code == 200
        team = post(f"{address}/team/update", {"team_id": "team_growth", "max_budget": 20})
        assert team.json()["data"]["max_budget"] == 20
    with serving(world=World(gateway_file=file)) as address:
        info = get(f"{address}/key/info", GATEWAY, key=token).json()["info"]
        listed = get(f"{address}/key/list", GATEWAY, size=100, return_full_object="true").json()["keys"]
        assert (info["max_budget"], info["rpm_limit"], info["metadata"], info["blocked"]) == (4.0, 7, {"c": 3}, True)
        assert [one["max_budget"] for one in info["budget_limits"]] == [3.5, 50]
        assert info["settings_updated_at"] == DEFAULT_CLOCK.isoformat()
        assert next(one for one in listed if one["token"] == token)["blocked"]
        assert post(f"{address}/key/unblock", {"key": token}).json()["blocked"] is False
        other = get(f"{address}/key/info", GATEWAY, key=token_hash("lead_research")).json()["info"]
        assert (other["settings_updated_at"], other["metadata"]) == (None, {})
        assert get(f"{address}/team/info", GATEWAY, team_id="team_growth").json()["team_info"]["max_budget"] == 20


def test_what_the_gateway_refuses_changes_nothing(base_url: str) -> None:
    token = token_hash("email_sorting")
    refused = [
        post(f"{base_url}/key/update", {"key": "unknown", "max_budget": 1}),
        post(f"{base_url}/team/block", {"team_id": "unknown"}),
        post(f"{base_url}/key/update", {"key": token, "max_budget": 1, "model_max_budget": {"m": {"max_budget": 1}}}),
        post(f"{base_url}/key/update", {"key": token, "max_budget": 1}, {"Authorization": "Bearer wrong"}),
        post(f"{base_url}/key/update", [token]),
        post(f"{base_url}/key/delete", {"key": token}),
    ]
    assert [answer.status_code for answer in refused] == [404, 404, 400, 401, 422, 404]
    assert refused[0].json()["error"]["type"] == "not_found_error"
    info = get(f"{base_url}/key/info", GATEWAY, key=token).json()["info"]
    assert (info["max_budget"], info["settings_updated_at"]) == (3.0, None)
