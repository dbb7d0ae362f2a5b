"""A visit to the image from inside: start it as its CMD says, ask its HEALTHCHECK, open pages.

It is run by the image's own Python, as its own user, and prints one line of JSON.
``image_visit.py '{"cmd": [...], "healthcheck": [...], "pages": ["", "compare"]}'``
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

SERVER = "127.0.0.1:8501"
PATIENCE = 240.0  # s, for a server that starts, or a page, on a busy machine
ELSEWHERE = ("/", "/app", "/app/cache", "/opt/venv", "/var", "/etc", "/usr")


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """Visit, stop the server, and return what was seen."""
    sick = subprocess.run(asked["healthcheck"], capture_output=True).returncode
    began = time.perf_counter()
    log = Path(tempfile.gettempdir(), "log")
    with log.open("wb") as written:
        server = subprocess.Popen(asked["cmd"], stdout=written, stderr=subprocess.STDOUT)
    try:
        while subprocess.run(asked["healthcheck"], capture_output=True).returncode:
            if server.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise RuntimeError(f"the server is not healthy: {log.read_text()}")
            time.sleep(0.2)
        healthy_after = time.perf_counter() - began
        with urllib.request.urlopen(f"http://{SERVER}/", timeout=30) as answer:
            first = answer.read().decode()
        with urllib.request.urlopen(f"http://{SERVER}/_stcore/host-config", timeout=30) as answer:
            host = json.load(answer)
        memory = {"at rest": resident(server.pid)}
        pages = {}
        for name in asked["pages"]:
            pages[name] = page_run(name)
            memory[name] = resident(server.pid)
    finally:
        server.terminate()
        status = server.wait(30)
    return {
        "user": [os.getuid(), os.getgid()],
        "healthcheck_without_server": sick,
        "healthy_after": healthy_after,  # s
        "first": first,
        "host": host,
        "pages": pages,
        "memory": memory,  # MB
        "status": status,
        "writable": [folder for folder in ELSEWHERE if may_write(folder)],
        "cached": sorted(path.name for path in Path(os.environ["TIMBRELENS_CACHE"]).glob("*")),
        "log": log.read_text(),
    }


def page_run(name: str) -> dict[str, Any]:
    """Let a page run once, as a browser would; return the kinds of its elements and its faults."""
    began = time.perf_counter()
    ask = BackMsg()
    ask.rerun_script.page_name = name
    kinds: list[str] = []
    faults: list[str] = []
    largest = 0
    with connect(
        f"ws://{SERVER}/_stcore/stream",
        origin=f"http://{SERVER}",
        subprotocols=["streamlit"],
        max_size=None,
    ) as socket:
        socket.send(ask.SerializeToString())
        while time.perf_counter() - began < PATIENCE:
            content = socket.recv(PATIENCE)
            largest = max(largest, len(content))
            message = ForwardMsg()
            message.ParseFromString(content)
            if message.WhichOneof("type") == "script_finished":
                break
            if message.WhichOneof("type") == "delta":
                kind = message.delta.new_element.WhichOneof("type")
                kinds += [kind] if kind else []
                if kind == "exception":
                    faults.append(message.delta.new_element.exception.message)
        else:
            faults.append("it does not end")
    seconds = time.perf_counter() - began
    return {"kinds": kinds, "faults": faults, "seconds": seconds, "largest": largest / 1e6}


def resident(process: int) -> float:
    """Return the memory that a process has, in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    kib = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return kib * 1024 / 1e6


def may_write(folder: str) -> bool:
    """Whether a file can be made in a folder."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
