"""The image in full, for ``make image-check``: built from the index, weighed, tried out.

It takes minutes, 1 GB from the index and 5 GB of disk for the time. It prints
a table of the image's parts and one line for each thing tried; exit status 1
if the image is too big, or something does not work in it. All is tried by the
image's own user, with a read-only root and no network.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.image import LIMIT, ROOT, Image, NoNamespaceError, build

PAGES = ("", "listen", "trust", "compare", "metrics", "upload", "models", "learn")
NOTE = "$(find samples -name '*.wav' -o -name '*.flac' -o -name '*.ogg' | sort | head -1)"
# Tones, two notes of each of four instruments a family: enough to split and to learn from.
NOTES = """
import numpy as np, soundfile as sf
from pathlib import Path
from xai_core import FAMILIES
t = np.arange(64_000) / 16_000
for i, family in enumerate(FAMILIES):
    for instrument in range(4):
        folder = Path("/tmp/notes", family, f"{family}_{instrument}")
        folder.mkdir(parents=True)
        for note in range(2):
            y = 0.3 * np.sin(2 * np.pi * (110 + 97 * i + 13 * instrument + 40 * note) * t)
            sf.write(folder / f"{note}.wav", y, 16_000)
"""
EVERY_MODULE = """
import importlib, pkgutil, xai_core
names = [found.name for found in pkgutil.walk_packages(xai_core.__path__, "xai_core.")]
print(len([importlib.import_module(name) for name in names if not name.endswith("__main__")]))
"""
MINE = "env TIMBRELENS_MODELS=/tmp/models"
TRAIN = f"{MINE} python -m xai_core train --data /tmp/notes --type mfcc --family flute"
TRIALS = {
    "every module is imported": f"python -c '{EVERY_MODULE}'",
    "predict": f"python -m xai_core predict {NOTE} --json",
    "explain": f"python -m xai_core explain {NOTE} --type log_mel --family flute --out /tmp/out",
    "analyse": "python -m xai_core analyse --data samples --type mfcc --family flute"
    " --out /tmp/analysis",
    "train": f"python -c '{NOTES}' && {TRAIN} --preset quick --epochs 1",
    "train on a cluster": f"""
        python -c '{NOTES}'
        python -m dask scheduler --host 127.0.0.1 --port 8786 --no-dashboard & scheduler=$!
        {MINE} python -m dask worker tcp://127.0.0.1:8786 --nthreads 1 --no-nanny \\
            --no-dashboard --local-directory /tmp & worker=$!
        {TRAIN} --preset quick --epochs 1 --cluster tcp://127.0.0.1:8786; status=$?
        kill $worker $scheduler; exit $status""",
}


def main() -> int:
    """Build, weigh and try the image; return the exit status."""
    place = ROOT / "build"
    place.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        began = time.perf_counter()
        try:
            image = build(Path(folder), from_index=True)
        except NoNamespaceError as error:
            print(error, file=sys.stderr)
            return 2
        print(f"built in {time.perf_counter() - began:.0f} s")
        fits = weighed(image)
        works = [tried(image, name, script) for name, script in TRIALS.items()]
        return 0 if fits and visited(image) and all(works) else 1


def weighed(image: Image) -> bool:
    """Print the parts of the image; return whether their sum is within the limit."""
    parts = image.parts()
    total = sum(parts.values())
    for name, size in parts.items():
        print(f"{size / 1e6:8.1f} MB  {name}")
    print(f"{total / 1e6:8.1f} MB  in all, of at most {LIMIT / 1e6:.0f}")
    return total <= LIMIT


def tried(image: Image, name: str, script: str) -> bool:
    """Run a script in the image, and print whether it works."""
    began = time.perf_counter()
    try:
        image.run(["/bin/sh", "-c", script])
    except RuntimeError as error:
        print(f"fails: {name}\n{error}")
        return False
    print(f"works: {name} ({time.perf_counter() - began:.0f} s)")
    return True


def visited(image: Image) -> bool:
    """Open every page, and print how long each takes and what the server then holds in memory."""
    seen = image.visit(PAGES)
    for name, page in seen["pages"].items():
        print(
            f"{'fails' if page['faults'] else 'works'}: page {name or 'explore'} "
            f"({page['seconds']:.1f} s, largest message {page['largest']:.1f} MB, "
            f"then {seen['memory'][name]:.0f} MB) {' '.join(page['faults'])}"
        )
    print(
        f"healthy after {seen['healthy_after']:.1f} s, {seen['memory']['at rest']:.0f} MB at rest"
    )
    print(f"writable: {', '.join(seen['writable']) or 'nothing but the cache'}")
    return not seen["writable"] and not any(page["faults"] for page in seen["pages"].values())


if __name__ == "__main__":
    sys.exit(main())
