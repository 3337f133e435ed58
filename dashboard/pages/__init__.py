"""The pages, in the order of the navigation. A page asks the publication and says what it found; it computes no metric."""

from collections.abc import Callable

from dashboard.charts import Drawer
from dashboard.figures import Page
from dashboard.pages.front import front
from dashboard.pages.graduation import graduation
from dashboard.pages.margin import margin
from dashboard.pages.reconciliation import reconciliation
from dashboard.pages.run_rate import run_rate
from dashboard.publication import Publication

PAGES: tuple[Callable[[Publication, Drawer], Page], ...] = (front, margin, run_rate, graduation, reconciliation)
