"""What a file is, by how it begins."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.containers import DATA, aiff, flac, mp3, wav
from tests.audio.signals import encode, sine
from xai_core.audio.decoding import check_kind
from xai_core.errors import AudioError

KNOWN = {
    "WAV": wav(bytes(10)),
    "RF64": wav(bytes(10), magic=b"RF64"),
    "FLAC": flac(1),
    "OGG": (DATA / "a440.ogg").read_bytes(),
    "MP3": (DATA / "a440.mp3").read_bytes(),
    "MP3 of MPEG 2.5": mp3(1),
    "MP3 with a tag": b"ID3\x03\0\0\0\0\0\0" + mp3(1),
    "AIFF": aiff(bytes(10)),
    "M4A": b"\0\0\0\x20ftypM4A ",
    "WebM": b"\x1a\x45\xdf\xa3" + bytes(8),
    "WMA": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(4),
    "AAC": b"\xff\xf1\x50\x80" + bytes(8),
    "AIFF of floats": encode(sine(0.1), format="AIFF", subtype="FLOAT"),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_what_is_taken_is_known_by_its_first_twelve_bytes(kind: str) -> None:
    check_kind(KNOWN[kind][:12])


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (b"RIFF\0\0\0\0WEBP", "got a WebP picture: was the right file chosen"),
        (b"RIFF\0\0\0\0", "got something else"),
        (b"FORM\0\0\0\08SVX", "got something else"),
        (b"\xff\xe3", "got something else"),
        (b"\xff\xd8\xff\xe0", "got a JPEG picture"),
    ],
)
def test_what_is_not_taken_is_named_where_it_is_known(begin: bytes, said: str) -> None:
    with pytest.raises(AudioError, match=said):
        check_kind(begin)


@pytest.mark.parametrize("format", ["AU", "CAF", "W64", "VOC", "NIST", "IRCAM", "SVX", "MAT5"])
def test_formats_that_the_decoder_knows_and_nobody_needs_do_not_reach_it(format: str) -> None:
    content = encode(sine(0.1), format=format, subtype="PCM_16")
    with pytest.raises(AudioError, match="M4A, MP4, WebM or WMA audio, got "):
        check_kind(content)


def test_random_bytes_are_hardly_ever_let_through() -> None:
    rng = np.random.default_rng(0)
    taken = 0
    for _ in range(20_000):
        try:
            check_kind(rng.bytes(12))
        except AudioError:
            continue
        taken += 1
    # eleven bits of MP3's mark: one in 2048, so 9.8 expected, 3.1 standard deviation
    assert taken <= 25
