"""The ``kaopi`` command. Heavy imports happen inside commands, so that --help stays quick."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="kaopi: an open face-authentication card reader.")


@app.callback()
def _root() -> None:
    """Name the program; every job is a subcommand."""


def main() -> None:
    """Entry point of the ``kaopi`` script."""
    app()


if __name__ == "__main__":
    main()
