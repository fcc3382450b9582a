"""The ``kaopi`` command: run | uplink | desk | doctor | config | models | card. Heavy imports happen inside commands."""

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
