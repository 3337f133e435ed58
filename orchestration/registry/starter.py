"""The commented company folder that ``tokenomics init`` writes; its files stand in ``starter/``."""

import shutil
from pathlib import Path

from orchestration.registry.schemas import give_schemas

_TEMPLATE = Path(__file__).parent / "starter"


def write_company_folder(target: Path) -> list[Path]:
    """Write a valid starter folder at ``target`` and return the files written, relative to it.

    Each YAML file names a copy of its JSON Schema below ``.schemas``, with which editors complete and check it.

    FileExistsError when ``target`` is a file or a folder that holds anything: nothing is ever overwritten.
    """
    refuse_full(target)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for source in sorted(path for path in _TEMPLATE.rglob("*") if path.is_file()):
        relative = source.relative_to(_TEMPLATE)
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / relative)
        written.append(relative)
    return [*written, *give_schemas(target)]


def refuse_full(target: Path) -> None:
    """FileExistsError when ``target`` is a file or a folder that holds anything."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} exists and is not an empty folder; give a new folder, nothing was written")
