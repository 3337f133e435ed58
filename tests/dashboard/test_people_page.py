"""Keys by their alias, people with their caps, Claude Code by developer, and many keys as the largest and the rest."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from dashboard.charts import Drawer
from dashboard.pages.people import people
from tests.dashboard.made_up import Row, column, figure, published, table

D = Decimal
HASH = "0123456789ab" + "c" * 52


def used(key: str | None, cost: str | None, day: int = 3, **given: object) -> Row:
    return {
        "usage_date": date(2026, 7, day),
        "provider": "openai",
        "source": "litellm",
        "api_key_id": key,
        "list_cost": None if cost is None else D(cost),
        "quantity": 100,
        "unit": "tokens",
        "requests": 0,
        "is_counted": True,
        **given,
    }


def test_keys_have_their_names_and_a_hash_only_its_beginning(tmp_path: Path) -> None:
    usage = [
        used("named" * 10, "5", team_id="t", actor_id="ada"),
        used("named" * 10, "1.5", day=4, team_id="t"),
        used(HASH, "4"),
        used("key_short", "3"),
        used(None, "2"),
        used("elsewhere", "1000", is_counted=False),
    ]
    keys = [{"provider": "openai", "api_key_id": "named" * 10, "name": "search"}]
    with published({"fct_usage": usage, "dim_api_keys": keys}) as publication:
        page = people(publication, Drawer(tmp_path))
    assert column(page, "keys", "period", "key", "list_cost", "tokens", "last_used") == [
        ("2026-07", "search", D("6.5"), 200, date(2026, 7, 4)),
        ("2026-07", "0123456789ab (unnamed key)", D(4), 100, date(2026, 7, 3)),
        ("2026-07", "key_short", D(3), 100, date(2026, 7, 3)),
        ("2026-07", "no key", D(2), 100, date(2026, 7, 3)),
    ]
    assert column(page, "teams", "team_id", "list_cost", "keys", "people") == [("t", D("6.5"), 1, 1)]


def test_people_over_their_cap_are_told(tmp_path: Path) -> None:
    days = [
        {"actor_id": who, "spend_date": date(2026, 7, day), "allocated_cost": D(cost), "daily_cap": cap}
        | {"cap_used_ratio": None if cap is None else float(D(cost) / cap), "requests": 2}
        for who, day, cost, cap in (
            ("ada", 1, "12", D(10)),
            ("ada", 2, "5", D(10)),
            ("bob", 1, "30", None),
        )
    ]
    people_rows = [{"actor_id": "ada", "department_id": "ops", "email": "ada@c.example", "is_current": True}]
    with published({"spend_by_developer_day": days, "dim_people": people_rows}) as publication:
        page = people(publication, Drawer(tmp_path))
    assert column(
        page, "developers", "actor_id", "email", "allocated_cost", "highest_cap_used", "days_over", "verdict"
    ) == [
        ("bob", None, D(30), None, 0, "none"),
        ("ada", "ada@c.example", D(17), 1.2, 1, "bad"),
    ]
    over = figure(page, "Over their cap this month")
    assert (over.value, over.verdict, over.says) == (1, "bad", "ada")
    assert figure(page, "Cost by people, 2026-07 to date").value == D(47)


def test_without_a_cap_read_back_nobody_is_called_within_it(tmp_path: Path) -> None:
    days = [{"actor_id": "bob", "spend_date": date(2026, 7, 1), "allocated_cost": D(30), "requests": 1}]
    with published({"spend_by_developer_day": days, "dim_people": []}) as publication:
        page = people(publication, Drawer(tmp_path))
    over = figure(page, "Over their cap this month")
    assert (over.value, over.verdict, over.says) == (0, "unknown", "no cap was read back")


def test_where_people_are_not_shown_the_page_stands_and_names_nobody(tmp_path: Path) -> None:
    day = {"actor_id": None, "spend_date": date(2026, 7, 1), "requests": 1}
    days = [{**day, "allocated_cost": D(30), "daily_cap": D(10), "cap_used_ratio": 3.0}]
    work = {"usage_date": date(2026, 7, 1), "actor_id": None, "sessions": 2, "estimate_currency": "USD"}
    with published(
        {"spend_by_developer_day": days, "dim_people": [], "claude_code_by_developer_day": [work]}
    ) as publication:
        page = people(publication, Drawer(tmp_path))
    over, cost = figure(page, "Over their cap this month"), figure(page, "Cost by people, 2026-07 to date")
    assert (over.value, over.verdict, over.says) == (1, "bad", "people not named here")
    assert (cost.value, cost.says) == (D(30), "")
    assert column(page, "developers", "actor_id") == column(page, "claude_code", "actor_id")
    assert column(page, "developers", "actor_id") == [("people not named here",)]


def test_a_cap_that_no_day_was_held_against_is_no_good_sign(tmp_path: Path) -> None:
    day = {"actor_id": None, "spend_date": date(2026, 7, 1), "allocated_cost": D(30), "daily_cap": D(75)}
    with published({"spend_by_developer_day": [day], "dim_people": []}) as publication:
        over = figure(people(publication, Drawer(tmp_path)), "Over their cap this month")
    assert (over.value, over.verdict, over.says) == (0, "unknown", "what is used of the caps is not told")


def test_claude_code_stands_by_developer_and_its_estimate_in_its_own_currency(tmp_path: Path) -> None:
    days = [
        {"usage_date": date(2026, 7, day), "actor_id": "ada", "sessions": 2, "lines_added": 100, "tokens": 1000}
        | {"commits": 1, "estimated_cost": D("0.75"), "estimate_currency": "USD"}
        for day in (1, 2)
    ]
    with published({"claude_code_by_developer_day": days}) as publication:
        page = people(publication, Drawer(tmp_path))
    assert column(
        page, "claude_code", "actor_id", "sessions", "lines_added", "estimated_cost", "estimate_currency"
    ) == [("ada", 4, 200, D("1.5"), "USD")]


def test_ten_thousand_keys_stand_as_the_largest_and_the_rest_of_each_department(tmp_path: Path) -> None:
    usage = [used(f"k{number}", "0.5", department_id=("ops", "sales")[number % 2]) for number in range(1000)]
    usage += [used("dear", "70", department_id="ops")]
    with published({"fct_usage": usage}) as publication:
        page = people(publication, Drawer(tmp_path))
    shown = table(page, "keys")
    assert len(shown.rows) == 52
    assert shown.total("list_cost") == D(570)
    by_department = {"ops": D(0), "sales": D(0)}
    for row in shown.rows:
        by_department[row["department_id"]] += row["list_cost"]
    assert by_department == {"ops": D(320), "sales": D(250)}, (
        "a department's rows still sum to what the department used"
    )
