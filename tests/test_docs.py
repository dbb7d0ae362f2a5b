"""README and the pages in docs/: links, names, commands, examples and scores are as they say."""

from __future__ import annotations

import importlib
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer.main

import xai_core
from xai_core.cli import app

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
MOST_WORDS = 1200  # of the README

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOTTED = re.compile(r"\bxai_core(?:\.[A-Za-z_]\w*)+")
COMMAND = re.compile(r"(?:python -m xai_core|^timbrelens|`timbrelens) ([^`\n#]*)", re.MULTILINE)
FILE = re.compile(r"`((?:xai_core|tests|docs|samples|models|pages)/[\w./-]+\.\w+)`")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", re.sub(BLOCK, "", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> list[str]:
    """Return the relative links of a page that lead nowhere."""
    found = []
    for target in LINK.findall(re.sub(BLOCK, "", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = page.parent / path if path else page
        if not file.exists() or (anchor and anchor not in anchors(text_of(file))):
            found.append(target)
    return found


def resolves(dotted: str) -> bool:
    """Whether a dotted name is a module, or something that a module holds."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def command_lines(text: str) -> Iterator[list[str]]:
    """Yield the words after ``python -m xai_core`` of each command line of a page."""
    for line in COMMAND.findall(text.replace("\\\n", " ")):
        words = shlex.split(line)
        if words and words[0] != "COMMAND":
            yield words


def commands_of(command: Any) -> dict[str, Any]:
    """Return the sub-commands of a command; Typer's own Click need not be the one installed."""
    return dict(getattr(command, "commands", {}))


def unknown_words(words: list[str]) -> list[str]:
    """Return the command or the options of a command line that the program does not have."""
    command = typer.main.get_command(app)
    rest = list(words)
    while commands_of(command) and rest and not rest[0].startswith("-"):
        if rest[0] not in commands_of(command):
            return [rest[0]]
        command, rest = commands_of(command)[rest[0]], rest[1:]
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    known |= {"--help", "--debug"}
    return [word for word in rest if word.startswith("-") and word.split("=")[0] not in known]


def test_readme_is_short() -> None:
    assert len(text_of(README).split()) <= MOST_WORDS


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page, text_of(page)) == []


def test_readme_leads_to_every_page() -> None:
    targets = {(ROOT / target).resolve() for target in LINK.findall(text_of(README))}
    assert set(PAGES[1:]) <= targets


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_named_modules_and_files_exist(page: Path) -> None:
    text = text_of(page)
    dotted = {found.removesuffix(".py") for found in DOTTED.findall(text)}
    assert [found for found in sorted(dotted) if not resolves(found)] == []
    assert [found for found in sorted(set(FILE.findall(text))) if not (ROOT / found).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_command_lines_are_known(page: Path) -> None:
    unknown = {" ".join(words): unknown_words(words) for words in command_lines(text_of(page))}
    assert {line: found for line, found in unknown.items() if found} == {}


def test_make_targets_exist() -> None:
    rules = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z-]+)", text_of(page))}
    named |= set(re.findall(r"^make ([a-z-]+)", text_of(README), re.MULTILINE))
    assert {"app", "test"} <= named <= rules


def test_every_command_is_described() -> None:
    described = text_of(ROOT / "docs" / "command-line.md")
    commands = commands_of(typer.main.get_command(app))
    assert {"explain", "dataset"} <= set(commands)
    assert [one for one in commands if f"`{one}`" not in described] == []


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "python.md"], ids=name)
def test_python_examples_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = text_of(page)
    blocks = [found for found in BLOCK.finditer(text) if found[1] == "python"]
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:  # on the lines of the page, so that a failure shows the right one
        source = "\n" * text.count("\n", 0, block.start(2)) + block[2]
        exec(compile(source, name(page), "exec"), names)


# ------------------------------------------------------------------ docs/models.md


def table(page: Path, first_heading: str) -> list[dict[str, str]]:
    """Return the rows of the table whose first column has this heading."""
    lines = text_of(page).splitlines()
    begin = next(k for k, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    headings = cells(lines[begin])
    rows = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(headings, cells(line), strict=True)))
    return rows


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


COLUMNS = {
    "stft": "STFT",
    "log_mel": "log-mel",
    "mfcc": "MFCC",
    "chroma": "chroma",
    "spectral_contrast": "spectral contrast",
    "tonnetz": "Tonnetz",
}
STARTER = ROOT / "models" / "starter"


@pytest.mark.parametrize("type", COLUMNS)
def test_balanced_accuracies_are_those_of_the_cards(type: str) -> None:
    rows = {row["family"]: row for row in table(ROOT / "docs" / "models.md", "family")}
    assert set(rows) == set(xai_core.FAMILIES)
    for family, row in rows.items():
        scores = json.loads(text_of(STARTER / type / family / "card.json"))["scores"]
        star = "" if scores["better_than_chance"] else " *"
        assert row[COLUMNS[type]] == f"{scores['balanced_accuracy']:.2f}{star}"


@pytest.mark.parametrize("type", COLUMNS)
def test_ten_way_accuracies_are_those_of_the_summaries(type: str) -> None:
    summary = json.loads(text_of(STARTER / type / "summary.json"))
    whole = summary["ten_way"]
    low, high = whole["intervals"]["accuracy"]
    expected = f"{100 * whole['accuracy']:.0f} % ({100 * low:.0f} to {100 * high:.0f})"
    rows = table(ROOT / "docs" / "models.md", "notes")
    assert rows[0]["notes"].startswith(f"all held out: {whole['n_notes']:,} of")
    assert rows[0][COLUMNS[type]] == expected
    assert table(README, "STFT")[0][COLUMNS[type]] == expected
    for row, collection in ((rows[1], "nsynth"), (rows[2], "recordings")):
        accuracy = summary["by_collection"][collection]["accuracy"]
        assert row[COLUMNS[type]] == f"{100 * accuracy:.0f} %"


# --------------------------------------------------------------------- the checks


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[a](LICENSE) [b](docs/faults.md) [c](https://example.org/no) [d](docs/)", []),
        ("[a](docs/no.md) ![b](docs/no.png)", ["docs/no.md", "docs/no.png"]),
        ("# One thing\n[a](#one-thing) [b](#another)", ["#another"]),
        ("```\n[a](no.md)\n```", []),
    ],
)
def test_broken_links_are_found(text: str, broken: list[str], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    (tmp_path / "LICENSE").touch()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "faults.md").touch()
    assert broken_links(page, text) == broken


@pytest.mark.parametrize(
    ("dotted", "known"),
    [
        ("xai_core.explain", True),
        ("xai_core.metrics.transport", True),
        ("xai_core.values.Waveform.duration", True),
        ("xai_core.metrics.no", False),
        ("xai_core.no.module", False),
    ],
)
def test_names_are_resolved(dotted: str, known: bool) -> None:
    assert resolves(dotted) is known


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("python -m xai_core predict a.wav --json", []),
        ("python -m xai_core predict a.wav --csv", ["--csv"]),
        ("timbrelens dataset audit notes --json x", []),
        ("timbrelens dataset mend notes", ["mend"]),
        ("timbrelens foretell", ["foretell"]),
        ("timbrelens train -t mfcc --seed=3 -q", ["-q"]),
    ],
)
def test_unknown_words_are_found(line: str, unknown: list[str]) -> None:
    (words,) = command_lines(line)
    assert unknown_words(words) == unknown
