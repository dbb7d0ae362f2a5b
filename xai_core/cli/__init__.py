"""The command line, ``python -m xai_core``.

Conventions
-----------
Exit status 0 for success, 2 for what the user can mend, 1 for a fault of ours.
An error is one plain sentence on standard error; ``--debug`` adds the
traceback. TensorFlow is loaded only by commands that need it.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from xai_core.cli import dataset
from xai_core.cli.explaining import explain, predict
from xai_core.cli.training import train
from xai_core.errors import InputError, TimbreLensError

__all__ = ["app", "main"]

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start-up chatter

app = typer.Typer(
    help="See which time-frequency bins drive a CNN's decision about an instrument.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(predict)
app.command()(explain)
app.command()(train)
app.add_typer(dataset.app, name="dataset")


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """See which time-frequency bins drive a CNN's decision about an instrument."""


def main() -> None:
    """Run the command line and exit with its status."""
    debug = "--debug" in sys.argv
    try:
        app()
    except InputError as error:
        status = _report(error, 2, debug)
    except TimbreLensError as error:
        status = _report(error, 1, debug)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        status = 1
    except Exception as error:
        message = (
            f"this is a fault of TimbreLens ({type(error).__name__}: {error}); see it with --debug"
        )
        status = _report(TimbreLensError(message), 1, debug, cause=error)
    else:
        status = 0
    sys.exit(status)


def _report(
    error: TimbreLensError, status: int, debug: bool, *, cause: BaseException | None = None
) -> int:
    if debug:
        raise cause or error
    print(f"Error: {error}", file=sys.stderr)
    return status
