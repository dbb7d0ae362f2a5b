"""In which precision this machine trains fastest.

Conventions
-----------
Half of a float32 in range and a quarter of it in digits, bfloat16 is twice as
fast where the processor multiplies it (AVX512-BF16, AMX, ARM's bf16), and ten
times as slow where that is emulated.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

__all__ = ["Precision", "fastest_precision"]

Precision = Literal["float32", "mixed_bfloat16"]

CPUINFO = Path("/proc/cpuinfo")
FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # as Linux names them on x86 and on ARM


def fastest_precision(cpuinfo: Path = CPUINFO) -> Precision:
    """Return ``mixed_bfloat16`` if the processor multiplies in it, else ``float32``.

    Parameters
    ----------
    cpuinfo : path
        What Linux says of the processor; where there is none, it is float32.
    """
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "float32"
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    has_it = found is not None and bool(FLAGS & set(found[1].split()))
    return "mixed_bfloat16" if has_it else "float32"
