"""What kind of file some bytes are, told by how they begin and never by a name.

Conventions
-----------
Only WAV, FLAC, OGG, MP3 and AIFF go on to the decoder, which knows twenty more
formats that nobody needs here and that each could be its undoing.
"""

from __future__ import annotations

from xai_core.errors import AudioError

__all__ = ["EXPECTED", "check_kind"]

EXPECTED = "WAV, FLAC, OGG, MP3 or AIFF audio"

_SOUNDS = (  # offset, how it begins, what it is
    (0, b".snd", "AU"),
    (0, b"caff", "CAF"),
    (0, b"riff\x2e\x91\xcf\x11", "Wave64"),
    (0, b"MThd", "MIDI, which holds no sound"),
    (4, b"ftyp", "M4A or MP4"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA"),
    (0, b"\x1a\x45\xdf\xa3", "WebM or Matroska"),
)
_OTHERS = (
    (8, b"AVI ", "an AVI film"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or a document"),
)


def check_kind(content: bytes) -> None:
    """Refuse what does not begin like a file of a known kind.

    Parameters
    ----------
    content : bytes
        A file, or its first 12 bytes.

    Raises
    ------
    AudioError
        That names what came, where that is known.

    Examples
    --------
    >>> check_kind(b"fLaC")
    >>> check_kind(b"%PDF-1.7")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    xai_core.errors.AudioError: expected WAV, FLAC, OGG, MP3 or AIFF audio, got a PDF document...
    """
    if _is_known(content):
        return
    for names, hint in (
        (_SOUNDS, "save it as WAV or FLAC"),
        (_OTHERS, "was the right file chosen?"),
    ):
        for offset, begin, name in names:
            if content[offset : offset + len(begin)] == begin:
                raise AudioError(f"expected {EXPECTED}, got {name}: {hint}")
    raise AudioError(
        f"expected {EXPECTED}, got something else: is it damaged, or another kind of file, renamed?"
    )


def _is_known(content: bytes) -> bool:
    first, form = content[:4], content[8:12]
    if first in (b"RIFF", b"RIFX", b"RF64"):
        return form == b"WAVE"
    if first == b"FORM":
        return form in (b"AIFF", b"AIFC")
    if first in (b"fLaC", b"OggS") or first[:3] == b"ID3":
        return True
    return len(first) == 4 and first[0] == 0xFF and first[1] & 0xE0 == 0xE0  # a frame of MP3
