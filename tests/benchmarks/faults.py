"""What becomes of faults of files, as a table in the documentation.

Makes every fault of ``tests/faults/catalogue.py`` in folders of its own, asks again for what
was there, and writes what came of it into ``docs/faults.md``. The tests make the same
faults and hold the table true.

Run it from the top folder: ``python -m tests.benchmarks.faults``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.faults.catalogue import faults
from tests.faults.trial import table, try_fault

OUT = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"  # of what is written


def main() -> None:
    """Make every fault and write the table."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    trials = []
    for number, fault in enumerate(faults()):
        with tempfile.TemporaryDirectory() as folder:
            trials.append(try_fault(fault, Path(folder), number))
        print(f"{fault.name}: {trials[-1].outcome}; {trials[-1].left}", flush=True)
    before, _, rest = OUT.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    OUT.write_text(f"{before}{BEGIN}\n\n{table(trials)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
