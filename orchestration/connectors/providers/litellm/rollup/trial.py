"""What ``check`` says of a log that stays where it is: whether its columns can be summed, or that nothing was run.

Failure mode: that of ``engines.py`` and ``log_columns.py``.
"""

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.connectors.providers.litellm.rollup.engines import SOURCE, open_engine
from orchestration.connectors.providers.litellm.rollup.read import refuse_unfit, result_files
from orchestration.connectors.providers.litellm.rollup.statement import statement
from orchestration.files import counted
from orchestration.landing.errors import PermanentFailure
from orchestration.settings import secret

if TYPE_CHECKING:
    from orchestration.registry import Company, SourceConfig


def printed(source: "SourceConfig", days: list[date], engine: str | None = None) -> str:
    """The statement for ``days``, for a person or a scheduler to run; raises :class:`PermanentFailure` for a name that is no
    table.
    """
    from orchestration.connectors.providers.litellm.rollup.engines import FILES

    try:
        return statement(engine or str(source.rollup), source.table or FILES, days)
    except ValueError as error:
        raise PermanentFailure(SOURCE, f"{error}; correct table in sources.yaml") from None


def try_rollup(company: "Company", source: "SourceConfig") -> str:
    """One line for ``check``. The statement is compiled in any case."""
    printed(source, [source.start_date or date(2026, 1, 1)])
    if source.results is not None:
        files = result_files(company.folder, source.results)
        return (
            f"the statement for {source.rollup} is compiled, not run: run there what tokenomics rollup prints; "
            f"{counted(len(files), 'file')} of results"
        )
    place = secret(source.connection_env) if source.connection_env else None
    with tempfile.TemporaryDirectory() as scratch, open_engine(source, company.folder, place, Path(scratch)) as engine:
        refuse_unfit(engine)
        return f"reached; {engine.table} has the columns that {source.rollup} sums"
