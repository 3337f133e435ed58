"""What axe finds wrong with an open page. It looks at each cell, and rows of a table are of one make; so are the tables of the
dictionary: of many, the first ones are looked at.
"""

from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page

STANDARDS = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
"""All in which pages differ between a light and a dark scheme."""
OF_ONE_MAKE = "tbody tr:nth-child(n+6), section:has(> .table:nth-of-type(8)) > .table:nth-of-type(n+4)"
PREPARE = f"""() => {{
  document.querySelectorAll("details").forEach((one) => {{ one.open = true; }});
  document.querySelectorAll("{OF_ONE_MAKE}").forEach((one) => one.remove());
}}"""


def prepare(page: Page) -> None:
    """Unfold the page, take away what is of one make, and load axe into it."""
    page.evaluate(PREPARE)
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """A line for each rule that a prepared page breaks; the rules have to have something to look at."""
    found = page.evaluate("(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", rules)
    assert found["passes"]
    return [_told(one) for one in found["violations"]]


def _told(violation: dict[str, Any]) -> str:
    return f"{violation['id']}: {violation['help']}: {[node['html'][:160] for node in violation['nodes'][:3]]}"
