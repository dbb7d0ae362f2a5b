from __future__ import annotations

from pathlib import Path

import pytest

from tests.datasets.fake_clients import Registry
from xai_core.datasets.packages import debian_file, npm_package
from xai_core.errors import InputError


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    return Registry(tmp_path / "registry", monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


def test_an_npm_package_is_fetched_once(registry: Registry, file: Path, tmp_path: Path) -> None:
    registry.add_npm("sounds", "1.0.0", {"package/A4.mp3": file})
    for _ in range(2):
        folder = npm_package("sounds", "1.0.0", tmp_path / "kept")
        assert (folder / "A4.mp3").read_bytes() == b"content"
    assert registry.asked == ["sounds@1.0.0"]
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["sounds-1.0.0"]


def test_nothing_is_unpacked_outside_the_folder(
    registry: Registry, file: Path, tmp_path: Path
) -> None:
    inside = {"package/A4.mp3": file, "../../../../escaped": file, "/tmp/escaped-absolute": file}
    registry.add_npm("sounds", "1.0.0", inside)
    folder = npm_package("sounds", "1.0.0", tmp_path / "kept")
    assert [path.name for path in folder.iterdir()] == ["A4.mp3"]
    assert not list(tmp_path.rglob("escaped*"))
    assert not Path("/tmp/escaped-absolute").exists()


def test_a_failed_fetch_leaves_nothing_and_says_what_the_client_said(
    registry: Registry, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"npm pack none@1\.0\.0 .*404 none@1\.0\.0 is not in"):
        npm_package("none", "1.0.0", tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_package_without_its_folder_is_refused(
    registry: Registry, file: Path, tmp_path: Path
) -> None:
    registry.add_npm("odd", "1.0.0", {"elsewhere/A4.mp3": file})
    with pytest.raises(InputError, match=r"odd 1\.0\.0 holds no folder 'package'"):
        npm_package("odd", "1.0.0", tmp_path / "kept")


def test_a_missing_client_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"needs npm .*apt-get install npm"):
        npm_package("sounds", "1.0.0", tmp_path / "kept")
    with pytest.raises(InputError, match="needs apt-get and dpkg-deb, which only Debian"):
        debian_file("font", "usr/share/none.sf2", tmp_path / "kept")


def test_an_installed_file_is_taken_where_it_is(registry: Registry, tmp_path: Path) -> None:
    installed = tmp_path / "font.sf2"
    installed.write_bytes(b"installed")
    found = debian_file("font", str(installed)[1:], tmp_path / "kept")
    assert found.read_bytes() == b"installed"
    assert debian_file("font", str(installed), tmp_path / "kept") == found
    assert registry.asked == []


def test_a_debian_file_is_fetched_once(registry: Registry, file: Path, tmp_path: Path) -> None:
    registry.add_debian("font", {"usr/share/toy/font.sf2": file})
    for _ in range(2):
        found = debian_file("font", "usr/share/toy/font.sf2", tmp_path / "kept")
        assert found.read_bytes() == b"content"
    assert registry.asked == ["font"]


def test_an_unknown_debian_package_or_file_is_refused(
    registry: Registry, file: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"Unable to locate package none.*apt-get update"):
        debian_file("none", "usr/share/toy/font.sf2", tmp_path / "kept")
    registry.add_debian("font", {"usr/share/toy/font.sf2": file})
    with pytest.raises(InputError, match=r"font holds no file usr/share/toy/other\.sf2"):
        debian_file("font", "usr/share/toy/other.sf2", tmp_path / "kept")
