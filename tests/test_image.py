"""The image, the compose file and the settings of the server: safe, and as small as we say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from streamlit import config

from tests.dockerfile import context_files, ignored, read_stages
from tests.image import ROOT, Image, NoNamespaceError, build, check_namespace, weight
from xai_core.audio import MAX_BYTES

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    try:
        check_namespace()
    except NoNamespaceError as error:
        pytest.skip(str(error))
    place = ROOT / "build"  # on the disk of .venv, so that packages can be linked
    place.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield build(Path(folder))


@pytest.fixture(scope="module")
def seen(image: Image) -> dict[str, Any]:
    """Return what a visitor inside the image saw."""
    return image.visit([""])


@pytest.mark.slow
def test_server_starts_as_cmd_says_and_is_healthy(seen: dict[str, Any]) -> None:
    assert seen["healthcheck_without_server"] == 1
    assert "<title>Streamlit</title>" in seen["first"]
    assert seen["status"] in (0, -15)  # it ends when it is told to
    assert "Traceback" not in seen["log"]
    assert "external IP" not in seen["log"]  # which it would ask a machine outside for


@pytest.mark.slow
def test_first_page_is_drawn_from_trimmed_packages(seen: dict[str, Any]) -> None:
    page = seen["pages"][""]
    assert page["faults"] == []
    assert page["kinds"].count("plotly_chart") == 3  # the panels among them
    assert page["largest"] < config.get_option("server.maxMessageSize") / 10


@pytest.mark.slow
def test_user_without_rights_writes_to_the_cache_alone(seen: dict[str, Any]) -> None:
    uid, gid = seen["user"]
    assert (uid, gid) == (10001, 10001) or uid == 0  # 0: in a namespace of an ordinary user
    assert seen["writable"] == []
    assert len(seen["cached"]) >= 1  # the attribution that was computed
    assert all(re.fullmatch(r"[0-9a-f]{64}\.\w+", name) for name in seen["cached"])


@pytest.mark.slow
def test_frames_of_other_sites_steer_nothing(seen: dict[str, Any]) -> None:
    assert seen["host"]["allowedOrigins"] == []


@pytest.mark.slow
def test_image_has_the_code_and_no_tools(image: Image) -> None:
    app = image.folder / "app"
    assert {path.name for path in app.iterdir()} >= {"app.py", "models", "pages", "samples"}
    assert not any((app / name).exists() for name in (".git", ".ci", "tests", "docs", "cache"))
    assert weight(app) < 80e6  # bytes; the models that come with it are 60 MB
    assert not (image.folder / "opt/venv/bin/pip").exists()


@pytest.mark.slow
def test_step_that_fails_stops_the_build(tmp_path: Path, image: Image) -> None:
    broken = "FROM python:3.11-slim-bookworm\nRUN ls /app && false\n"
    with pytest.raises(RuntimeError, match="this step of the image failed: ls /app"):
        build(tmp_path, text=broken)


def test_packages_come_before_code_and_the_user_last() -> None:
    *_, last = read_stages(DOCKERFILE)
    words = [step.word for step in last.steps]
    copied = [step.rest for step in last.steps if step.word == "COPY"]
    assert copied == ["--from=packages /opt/venv /opt/venv", ". ."]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last.last("USER"))
    assert words.index("USER") > max(i for i, word in enumerate(words) if word in ("COPY", "RUN"))
    assert last.command("CMD")[:4] == ["python", "-m", "streamlit", "run"]
    assert last.command("HEALTHCHECK")[0] == "python"


def test_unknown_step_is_refused() -> None:
    with pytest.raises(ValueError, match="got 'ADD'"):
        read_stages("FROM python:3.11-slim-bookworm\nADD https://example.org /\n")


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("tests/test_image.py", True),
        ("xai_core/__pycache__/values.pyc", True),
        (".ruff_cache/content", True),
        ("xai_core/tests_of_time.py", False),
        ("models/starter/audit.json", False),
        ("app.py", False),
    ],
)
def test_dockerignore_is_read_as_docker_does(name: str, out: bool) -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    kept = [rule for rule in rules if rule and not rule.startswith("#")]
    assert ignored(name, kept) is out


def test_context_has_what_the_dashboard_reads() -> None:
    names = {path.as_posix() for path in context_files(ROOT)}
    assert {"app.py", "requirements.lock", ".streamlit/config.toml"} <= names
    assert not any(name.startswith(("tests/", ".git/")) for name in names)


def test_dockerfile_passes_hadolint() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    program = str(hadolint) if hadolint.exists() else shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed: make test installs it")
    done = subprocess.run([program, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_compose_gives_no_more_rights_than_needed() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    service = compose["services"]["dashboard"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit"} <= service.keys()
    assert [place.split(":")[0] for place in service["tmpfs"]] == ["/tmp"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    writable = [place for place in service["volumes"] if not place.endswith(":ro")]
    assert writable == ["cache:/var/cache/timbrelens"]
    assert set(compose["volumes"]) == {"cache"}
    assert "healthcheck" not in service  # that of the image holds


def test_settings_protect_the_server() -> None:
    # As Streamlit itself reads .streamlit/config.toml, in a process that nothing else has set.
    expected = {
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.xsrfCookieSameSite": "strict",
        "server.maxUploadSize": MAX_BYTES // 2**20,
        "server.maxMessageSize": 50,
        "server.disconnectedSessionTTL": 120,
        "server.websocketPingInterval": 30,
        "server.address": "localhost",
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.allowedOrigins": [],
    }
    ask = "import json, sys; from streamlit.config import get_option; " + (
        "print(json.dumps({name: get_option(name) for name in sys.argv[1:]}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask, *expected], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == expected
    assert done.stderr == ""  # Streamlit complains there of settings that it does not know
