"""Which precision a machine trains in, by what Linux says of processors."""

from __future__ import annotations

from pathlib import Path

import pytest

from xai_core.training import PRESETS
from xai_core.training.presets import fastest_precision
from xai_core.values import SPECTROGRAM_TYPES


@pytest.mark.parametrize(
    ("line", "precision"),
    [
        ("flags\t\t: fpu sse avx2 fma avx512f avx512_bf16 vnni", "mixed_bfloat16"),
        ("flags\t\t: fpu sse avx2 amx_bf16", "mixed_bfloat16"),
        ("Features\t: fp asimd bf16 i8mm", "mixed_bfloat16"),
        ("flags\t\t: fpu sse avx2 fma avx512f", "float32"),
        ("bugs\t\t: avx512_bf16", "float32"),
        ("", "float32"),
    ],
)
def test_bfloat16_where_the_processor_multiplies_in_it(
    tmp_path: Path, line: str, precision: str
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{line}\nbogomips\t: 1\n")
    assert fastest_precision(cpuinfo) == precision


def test_no_linux_no_bfloat16(tmp_path: Path) -> None:
    assert fastest_precision(tmp_path / "none") == "float32"


def test_a_card_says_which_it_was() -> None:
    assert PRESETS["standard"].precision == "fastest"
    for type in SPECTROGRAM_TYPES:
        assert PRESETS["standard"].for_type(type).precision == fastest_precision()
        assert PRESETS["paper"].for_type(type).precision == "float32"
