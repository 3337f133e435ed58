"""Generated logs kept between benchmarks, by what makes them: generator, rows and seed."""

import hashlib
import os
import shutil
from pathlib import Path

from benchmarks import traffic


def link_logs(cache: Path, target: Path, rows: int, seed: int) -> None:
    """Fill ``target`` with the files of ``rows`` calls, generated once for ``cache`` and hard-linked from there.

    Generation that was killed leaves a folder that the next one removes.
    """
    digest = hashlib.sha256(Path(traffic.__file__).read_bytes()).hexdigest()[:12]
    kept = cache / f"logs_{rows}_{seed}_{digest}"
    if not kept.exists():
        unfinished = kept.with_name(f".unfinished-{kept.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        logged = traffic.write_logs(unfinished, rows, seed)
        shutil.rmtree(unfinished / ".spill", ignore_errors=True)
        unfinished.rename(kept)
        size = sum(path.stat().st_size for path in kept.iterdir()) / 1e6
        print(f"generated {logged:,} logged rows, {size:,.0f} MB", flush=True)
    target.mkdir(parents=True, exist_ok=True)
    for path in kept.iterdir():
        os.link(path, target / path.name)
