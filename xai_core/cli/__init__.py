"""The command line, ``python -m xai_core``.

Conventions
-----------
Exit status 0 for success, 2 for what the user can mend, 1 for a fault of ours,
130 where the user stops a command (Ctrl-C), which says what is kept.
An error is one plain sentence on standard error; ``--debug`` adds the
traceback. TensorFlow is loaded only by commands that need it.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from typing import Annotated

import typer
from typer.exceptions import TyperException

from xai_core.cli import dataset
from xai_core.cli.evaluating import evaluate
from xai_core.cli.explaining import compare, explain, predict
from xai_core.cli.listening import listen
from xai_core.cli.long_runs import analyse, train
from xai_core.cli.planting import plant
from xai_core.cli.trusting import trust
from xai_core.errors import InputError, TimbreLensError

__all__ = ["app", "main"]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start-up chatter

app = typer.Typer(
    help="See which time-frequency bins drive a CNN's decision about an instrument.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(predict)
app.command()(explain)
app.command()(compare)
app.command()(listen)
app.command()(trust)
app.command()(train)
app.command()(plant)
app.command()(evaluate)
app.command()(analyse)
app.add_typer(dataset.app, name="dataset")

STOPPED = 130  # exit status: 128 and the number of SIGINT
GOES_ON = "the same command goes on from there"
KEPT = {  # what a command that is stopped leaves
    "train": "models and epochs that are done are kept: " + GOES_ON,
    "plant": "models and epochs that are done are kept: " + GOES_ON,
    "analyse": "maps and distances that are done are kept in the cache: " + GOES_ON,
    "dataset build": "sources that are done are kept: " + GOES_ON,
    "dataset render": "the notes written so far are no collection without examples.json: the same "
    "command begins anew",
}
BEGINS_ANEW = "no result was finished: the same command begins anew"


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """See which time-frequency bins drive a CNN's decision about an instrument."""
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


def main() -> None:
    """Run the command line and exit with its status."""
    words = [word for word in sys.argv[1:] if word != "--debug"]  # wherever it stands
    debug = len(words) < len(sys.argv) - 1
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names may hold bytes that are no text
            stream.reconfigure(errors="backslashreplace")
    try:
        ended = app(words, prog_name="python -m xai_core", standalone_mode=False)
        status = ended if isinstance(ended, int) else 0  # of an Exit that Typer caught
    except TyperException as error:
        status = _report(error.format_message(), 2, debug)
    except (InputError, TimbreLensError) as error:
        status = _report(str(error), 2 if isinstance(error, InputError) else 1, debug)
    except (KeyboardInterrupt, typer.Abort):
        status = STOPPED
    except Exception as error:
        fault = f"this is a fault of TimbreLens ({type(error).__name__}: {error})"
        status = _report(f"{fault}; --debug says more", 1, debug)
    if status == STOPPED:
        print(f"Stopped: {_kept(words)}", file=sys.stderr)
    sys.exit(status)


def _kept(words: list[str]) -> str:
    """Return what the command that these words call leaves when it is stopped."""
    named = " ".join(word for word in words[:2] if not word.startswith("-"))
    return next(
        (kept for name, kept in KEPT.items() if f"{named} ".startswith(f"{name} ")), BEGINS_ANEW
    )


def _report(sentence: str, status: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"Error: {sentence}", file=sys.stderr)
    return status
