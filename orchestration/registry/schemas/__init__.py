"""One JSON Schema per file of the company folder, generated from the registry's models and committed beside this module.

Editors complete and check with them; the registry itself never reads them. ``python -m orchestration.registry.schemas``
writes them anew after a model changed. A schema knows keys, kinds of values and bounds; references between records, dates
that overlap and rules that never match are for ``tokenomics check``.
"""

from pathlib import Path

SUFFIX = ".schema.json"
FOLDER = Path(__file__).parent
COPIES = ".schemas"


def schema_name(file: str) -> str:
    """``company.schema.json`` for ``company.yaml``."""
    return Path(file).stem + SUFFIX


def give_schemas(folder: Path) -> list[Path]:
    """Copy every schema below ``folder`` and name it in the first line of its YAML file, where there is that file.

    Returns the copies, relative to ``folder``. A file that names a schema already stays as it is.
    """
    copies = []
    (folder / COPIES).mkdir(exist_ok=True)
    for schema in sorted(FOLDER.glob(f"*{SUFFIX}")):
        copy = Path(COPIES) / schema.name
        (folder / copy).write_bytes(schema.read_bytes())
        copies.append(copy)
        file = folder / f"{schema.name.removesuffix(SUFFIX)}.yaml"
        if file.is_file():
            _name_schema(file, copy)
    return copies


def _name_schema(file: Path, schema: Path) -> None:
    text = file.read_text(encoding="utf-8")
    mark = "# yaml-language-server: $schema="
    if not text.startswith(mark):
        file.write_text(f"{mark}{schema.as_posix()}\n{text}", encoding="utf-8")
