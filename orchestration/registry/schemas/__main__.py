"""Writes the schemas of the company files anew: ``python -m orchestration.registry.schemas``."""

from orchestration.registry.schemas import FOLDER
from orchestration.registry.schemas.generate import schema_texts

if __name__ == "__main__":
    for name, text in schema_texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
