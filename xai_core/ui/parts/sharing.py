"""Downloads, made at the click, and links to results.

Conventions
-----------
A link is the page's address with what was chosen; who opens it computes the
result, or finds it in the cache. A recording of the visitor's own is written
nowhere until its visitor makes a link: then its file is kept in the cache
under its SHA-256, which stands in the address as ``upload``, with ``start`` for
the beginning of the 4 s in seconds. Who has the link can remove it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st

from xai_core import store
from xai_core.errors import InputError
from xai_core.results.files import ExportFile
from xai_core.ui.shell.faults import sentence

__all__ = [
    "STAYS",
    "draw_link",
    "draw_link_of_recording",
    "draw_saving",
    "forget_recording",
    "is_shared",
    "note_shared",
    "take_start",
    "write_place",
]

STAYS = (
    "It stays in this server's memory while you look at it, and nowhere else, unless you ask for "
    "a link to it."
)
SHARED = "recordings that have a link"  # digests, in the session
NOTE_KEYS = ("family", "note", "explain", "upload", "start", "model")  # say what is explained
LINK_QUESTION = (
    "A link to your recording needs it on this server: the file is kept in the cache folder, for "
    "whoever has the link, until you remove it or the cache is emptied."
)
KEPT = "Opens this recording with the same choices, while it is kept here. Point at it to copy it."
KEEP, DROP = "Keep it and make a link", "Remove it from the server"


def draw_saving(files: Sequence[ExportFile], *, label: str, key: str) -> None:
    """Draw a button that lists the files of a result.

    Parameters
    ----------
    files : sequence of ExportFile
        Each is made when its button is clicked.
    label : str
    key : str
        Begins the keys of the widgets; one for each result on a page.
    """
    with st.popover(label, icon=":material/download:"), st.container(gap=None):
        for number, file in enumerate(files):
            st.download_button(
                file.label,
                file.make,
                file.name,
                file.mime,
                on_click="ignore",
                type="tertiary",
                key=f"{key} file {number}",
            )


def draw_link() -> None:
    """Draw a button with the address that restores this page."""
    with st.popover("Link", icon=":material/link:"):
        st.caption("Opens this page with the same choices. Point at it to copy it.")
        _show(_address(dict(st.query_params)))


def draw_link_of_recording(
    content: bytes, digest: str, *, type: str, family: str, start: float
) -> None:
    """Draw a button with a link to a recording, or the offer to keep it for one.

    Parameters
    ----------
    content : bytes
        The file that the visitor brought.
    digest : str
        Its SHA-256.
    type, family : str
        Model that is explained.
    start : float
        Where the 4 s begin, in seconds.
    """
    with st.popover("Link", icon=":material/link:"):
        if not is_shared(digest):
            st.caption(LINK_QUESTION)
            if st.button(KEEP, icon=":material/add_link:", key="keep recording"):
                _keep(content)
            return
        chosen = {key: text for key, text in st.query_params.items() if key not in NOTE_KEYS}
        place = {"start": f"{start:g}"} if start > 0 else {}
        what = {"upload": digest, "type": type, "model": family}
        st.caption(KEPT)
        _show(_address({**chosen, **what, **place}))
    st.button(
        DROP,
        icon=":material/link_off:",
        key="drop recording",
        on_click=forget_recording,
        args=(digest,),
    )


def is_shared(digest: str) -> bool:
    """Whether this visitor made or opened a link to a recording, and it is still kept."""
    return digest in _shared() and store.has_recording(digest)


def note_shared(digest: str) -> None:
    """Remember that this visitor opened a link to a recording."""
    _shared().add(digest)


def forget_recording(digest: str) -> None:
    """Remove a recording from the server, if this visitor made or opened a link to it."""
    if digest in _shared():
        store.remove_recording(digest)
        _shared().discard(digest)
    for key in ("upload", "start"):
        if key in st.query_params:
            del st.query_params[key]


def take_start(latest: float) -> float:
    """Return the start in the address, 0 if it has none that exists.

    Parameters
    ----------
    latest : float
        Latest start of 4 s in the recording, in seconds.
    """
    try:
        start = float(st.query_params.get("start", "0"))
    except ValueError:
        return 0.0
    return start if 0.0 <= start <= latest else 0.0


def write_place(digest: str, start: float) -> None:
    """Keep a recording that has a link in the address, so that the page can be loaded anew.

    Parameters
    ----------
    digest : str
        Its SHA-256; one that has no link is not in the address.
    start : float
        Where the 4 s begin, in seconds.
    """
    wanted = {"upload": digest, "start": f"{start:g}" if start > 0 else None}
    shared = is_shared(digest)
    for key, text in wanted.items():
        if not shared or text is None:
            if key in st.query_params:
                del st.query_params[key]
        elif st.query_params.get(key) != text:
            st.query_params[key] = text


# ----------------------------------------------------------------------- private


def _keep(content: bytes) -> None:
    try:
        note_shared(store.keep_recording(content))
    except InputError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    st.rerun()


def _shared() -> set[str]:
    shared: set[str] = st.session_state.setdefault(SHARED, set())
    return shared


def _address(chosen: Mapping[str, str]) -> str:
    """Return the address of this page with choices."""
    here = (st.context.url or "").rstrip("/")
    if not here.count("/") > 2:  # the first page has no name in the address
        here = f"{here}/"
    return f"{here}?{urlencode(sorted(chosen.items()))}" if chosen else here


def _show(address: str) -> None:
    """Draw an address with a button that copies it."""
    st.code(address, language=None, wrap_lines=True)
