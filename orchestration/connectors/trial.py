"""Read the files of a company as a run would, and land nothing: what each holds, and what is wrong with it.

The readers themselves are at work, on a landing area and a company folder of links that are thrown away, so that nothing
is judged here that a run would judge otherwise. Where a source cannot be read whole, its files are read one by one, so that each
names its own first error, and those that are sound together.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration import utc_duckdb
from orchestration.connectors.ledgers import extract as ledgers
from orchestration.connectors.ledgers.systems import SYSTEMS, system_files
from orchestration.connectors.named_in_files import doubts
from orchestration.connectors.sources import SOURCES_BY_NAME
from orchestration.files import counted
from orchestration.landing.errors import RejectedFile, SourceError
from orchestration.landing.store import FREE_TO_SHRINK, Landing
from orchestration.landing.streams import STREAMS
from orchestration.registry import Company

Read = Callable[[Company, Landing], object]
REJECTED = "rejected_rows"


@dataclass(frozen=True)
class Trial:
    """``lines``: what was found, a line per file; ``faults``: what a run would refuse or reject, by file and line; ``doubts``:
    names that nothing else in the company folder knows.
    """

    lines: tuple[str, ...]
    faults: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def try_files(company: Company, as_of: date, look: Callable[[Landing], None] = lambda landing: None) -> Trial:
    """Read every file source that is enabled, and the ledgers folder; ``look`` sees the rows before they are thrown away."""
    lines: list[str] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(Path(folder) / "landing")
        for files, read in _readings(company, as_of):
            said, found = _try(company, files, read, landing, Path(folder))
            lines += said
            faults += found
        unknown = doubts(company, landing, as_of)
        look(landing)
    return Trial(tuple(lines), (*faults, *unknown.faults), unknown.doubts)


def _readings(company: Company, as_of: date) -> Iterator[tuple[list[Path], Read]]:
    """The files of each source, and how they are read; settings that an API holds beside them are left out."""
    for source in SOURCES_BY_NAME.values():
        declared = company.sources.get(source.name)
        if declared is None or not declared.enabled or not declared.is_file_source:
            continue
        alone = {source.name: declared.model_copy(update={"base_url": None})}

        def read(tried: Company, landing: Landing, source: Any = source, alone: Any = alone) -> object:
            return source.extract(replace(tried, sources=alone), landing, as_of, None, full_refresh=True)

        if files := sorted(path for path in company.folder.glob(str(declared.path)) if path.is_file()):
            yield files, read
    systems = {name: one for name, one in company.sources.items() if name in SYSTEMS}
    dropped = {path for path in (company.folder / ledgers.SOURCE).rglob("*") if path.is_file()}
    if found := sorted(dropped | system_files(company)):
        in_files = {name: one for name, one in systems.items() if one.is_file_source}
        yield found, lambda tried, landing: ledgers.extract(replace(tried, sources=in_files), landing)


def _try(
    company: Company, files: Sequence[Path], read: Read, landing: Landing, work: Path
) -> tuple[list[str], list[str]]:
    """Lines and faults of one source, whose sound files end up in ``landing``."""
    before = _rows(landing)
    fault = _read(company, files, read, landing, work)
    faults = [fault[1]] if fault else []
    if fault and len(files) > 1:
        alone = {path: _read(company, [path], read, Landing(Path(tempfile.mkdtemp(dir=work))), work) for path in files}
        broken = {path: found for path, found in alone.items() if found and not found[0]}
        if broken:
            sound = [path for path in files if path not in broken]
            together = _read(company, sound, read, landing, work) if sound else None
            faults = [message for _, message in broken.values()] + ([together[1]] if together else [])
    landed = {name: rows for name, rows in _rows(landing).items() if name not in before}
    return [f"{name}: {counted(rows, 'row')}" for name, rows in sorted(landed.items())], faults + _rejected(
        landing, landed
    )


def _read(company: Company, files: Sequence[Path], read: Read, landing: Landing, work: Path) -> tuple[bool, str] | None:
    """What a run would say of these files, and whether it is about rows alone; None when it would read them."""
    folder = Path(tempfile.mkdtemp(dir=work))
    for path in files:
        link = folder / path.relative_to(company.folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.resolve())
    try:
        read(replace(company, folder=folder), landing)
    except SourceError as error:
        is_of_files = not isinstance(error, RejectedFile)
        return not is_of_files, str(error).removeprefix(f"{error.source}: ") if is_of_files else str(error)
    except (duckdb.Error, UnicodeError) as error:
        names = ", ".join(path.relative_to(company.folder).as_posix() for path in files)
        return False, f"{names}: cannot be read ({type(error).__name__}: {str(error).partition(chr(10))[0]})"
    return None


def _rows(landing: Landing) -> dict[str, int]:
    """File to accepted rows, of the streams that hold what files say."""
    return {
        name: load.rows
        for source, stream in STREAMS
        if stream != REJECTED and (source, stream) not in FREE_TO_SHRINK
        for name, load in landing.visible_loads(source, stream).items()
    }


def _rejected(landing: Landing, files: Iterable[str]) -> list[str]:
    """Of each of ``files`` with rejected rows: how many, and the first."""
    wanted, found = set(files), []
    with utc_duckdb.connect() as connection:
        for source, stream in STREAMS:
            paths = [str(path) for path in landing.current_files(source, stream)] if stream == REJECTED else []
            if paths:
                found += connection.execute(
                    "select file, count(*), arg_min([line::varchar, column_name, value, reason], line) "
                    "from read_parquet(?) group by file order by file",
                    [paths],
                ).fetchall()
    return [
        f"{file}:{line}: {column} {value or 'empty'} {reason}"
        + (f" ({count:,} faults in this file)" if count > 1 else "")
        for file, count, (line, column, value, reason) in found
        if file in wanted
    ]
