"""The pages, in the order of the navigation. A page asks the publication and says what it found; it computes no metric."""

from collections.abc import Callable

from dashboard.charts import Drawer
from dashboard.figures import Page
from dashboard.pages.budgets import budgets
from dashboard.pages.cache import cache
from dashboard.pages.contracts import contracts
from dashboard.pages.front import front
from dashboard.pages.graduation import graduation
from dashboard.pages.guardrails import guardrails
from dashboard.pages.health import health
from dashboard.pages.margin import margin
from dashboard.pages.models import models
from dashboard.pages.people import people
from dashboard.pages.reconciliation import reconciliation
from dashboard.pages.run_rate import run_rate
from dashboard.pages.tables import tables
from dashboard.publication import Publication

MakePage = Callable[[Publication, Drawer], Page]
PAGES: tuple[MakePage, ...] = (
    front,
    margin,
    run_rate,
    budgets,
    graduation,
    guardrails,
    models,
    cache,
    contracts,
    people,
    reconciliation,
    health,
    tables,
)
