"""An analysis in a folder: two tables as Parquet and CSV, and the settings as JSON.

Conventions
-----------
Parquet is what is read back, with its kinds and without rounding; CSV is for
spreadsheets and other programs. A missing number is an empty field there.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from xai_core.analysis import Analysis
from xai_core.errors import InputError

__all__ = ["read_analysis", "write_analysis"]

TABLES = ("pairs", "notes")
SETTINGS_FILE = "settings.json"


def write_analysis(analysis: Analysis, folder: str | Path) -> list[Path]:
    """Write an analysis to a folder, which is made if need be.

    Parameters
    ----------
    analysis : Analysis
    folder : path
        Files of an earlier analysis there are written over.

    Returns
    -------
    list of Path
        The five files.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    folder = Path(folder)
    settings = json.dumps(dict(analysis.settings), indent=1, ensure_ascii=False, allow_nan=False)
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            table: pd.DataFrame = getattr(analysis, name)
            paths += [folder / f"{name}.parquet", folder / f"{name}.csv"]
            table.to_parquet(paths[-2], index=False)
            table.to_csv(paths[-1], index=False)
        paths.append(folder / SETTINGS_FILE)
        paths[-1].write_text(settings + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the analysis cannot be written to {folder}: {error.strerror or error}"
        ) from error
    return paths


def read_analysis(folder: str | Path) -> Analysis:
    """Return the analysis that :func:`write_analysis` wrote to a folder.

    Raises
    ------
    InputError
        If a file is missing, damaged, or not one of an analysis.
    """
    folder = Path(folder)
    for name in (*(f"{table}.parquet" for table in TABLES), SETTINGS_FILE):
        if not (folder / name).is_file():
            raise InputError(
                f"expected an analysis in {folder}, found no {name}: is it a folder that "
                "`analyse --out` wrote?"
            )
    try:
        pairs, notes = (pd.read_parquet(folder / f"{name}.parquet") for name in TABLES)
        settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"the analysis in {folder} cannot be read ({error}): was the run cut short?"
        ) from error
    if not isinstance(settings, dict):
        raise InputError(f"expected settings of an analysis in {folder / SETTINGS_FILE}, got none")
    return Analysis(pairs, notes, settings)
