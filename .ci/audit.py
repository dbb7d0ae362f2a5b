"""Look locked packages up for known holes: ``audit.py requirements.lock``.

Exit status 0: none is known, or the database of PyPI cannot be reached, which is said. 1: some are
known; each is named with the version that mends it. pip-audit alone would say "No known
vulnerabilities found" where it could look nothing up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

PATIENCE = "10"  # s for one answer


def main(lock: str) -> int:
    """Print one sentence, or one line for each hole; return the exit status."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--requirement", lock, "--format", "json", "--progress-spinner", "off"]
    command += ["--timeout", PATIENCE]
    done = subprocess.run(command, capture_output=True, text=True)
    said, status = judged(done.stdout)
    print(said)
    return status


def judged(report: str) -> tuple[str, int]:
    """Return what to say about pip-audit's JSON, and the exit status."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        packages = []
    looked_up = [package for package in packages if "vulns" in package]
    if not looked_up:
        return "Known holes: left out, the database of PyPI cannot be reached from here.", 0
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}, mended in "
        + (", ".join(hole["fix_versions"]) or "no version yet")
        for package in looked_up
        for hole in package["vulns"]
    ]
    if holes:
        return "\n".join(holes), 1
    skipped = len(packages) - len(looked_up)
    return (
        f"Known holes: none in {len(looked_up)} packages"
        + (f"; {skipped} could not be looked up." if skipped else "."),
        0,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
