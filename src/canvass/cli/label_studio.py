"""`canvass label-studio`: push batches to Label Studio, pull annotations, serve predictions."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, projects, terminal
from canvass.cli.help import Command, Group
from canvass.errors import OptionError, plural

if TYPE_CHECKING:
    from canvass.annotation.project.project import Project
    from canvass.annotation.web.serve import Address
    from canvass.integrations.label_studio.client import Client
    from canvass.integrations.label_studio.pull import Pulled
    from canvass.integrations.label_studio.push import Pushed

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Annotate in Label Studio: batches go there as tasks with predictions, annotations come back as answers.",
)

UrlOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Connect to Label Studio there, such as http://localhost:8080. [default: where DIR was pushed to]",
    ),
]
ProjectOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Use project N of Label Studio. [default: the one that this folder was pushed to]"
    ),
]
# There is no --token: whoever lists the processes of this machine would read it.
TokenFileOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Read the token of your account there from this file. [default: the environment's LABEL_STUDIO_API_KEY]",
    ),
]


@contextmanager
def opened(folder: str, url: str | None, token_file: str | None) -> Iterator[tuple[Project, Client]]:
    """Open a project, and a client of the Label Studio that is named, or that it was pushed to."""
    from canvass.integrations.label_studio.client import Client
    from canvass.integrations.label_studio.link import Link, address_of
    from canvass.integrations.label_studio.tokens import read_token

    with projects.open_project(folder) as project:
        address = address_of(Link.of(project.store), url)
        with Client(address, read_token(token_file)) as client:
            yield project, client


@app.command("push", cls=Command)
def push(
    folder: projects.ProjectFolder,
    *,
    url: UrlOption = None,
    project: ProjectOption = None,
    new_project: Annotated[
        bool,
        typer.Option(
            "--new-project",
            help="Make a new project in Label Studio, though there is one; what waits in that goes to the new one.",
        ),
    ] = False,
    size: Annotated[int, options.size_option("Push N tasks.")] = 50,
    token_file: TokenFileOption = None,
    threads: options.ThreadsOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Choose the next tasks as canvass next does, and put them into Label Studio with predictions.

    Makes the project there, or completes the labels of the one that --project names. The least certain tasks are
    offered first; tasks of earlier batches that wait there get new predictions. A push that was interrupted is ended by
    the next one; nothing is there twice.
    """
    if project is not None and new_project:
        raise OptionError(
            "--project names a project of Label Studio, and --new-project makes one; leave one out"
        )
    options.check_at_least_one("--size", size)
    with opened(folder, url, token_file) as (ours, client):
        from canvass.integrations.label_studio.push import push as push_batch

        with terminal.progress("training, then reading the pool", ours.pool().total_bytes) as advance:
            pushed = push_batch(
                ours,
                client,
                size,
                number=project,
                new_project=new_project,
                now=time.time(),
                threads=threads,
                progress=advance,
            )
        _tell_pushed(pushed, client.url, as_json=as_json)


def _tell_pushed(pushed: Pushed, url: str, *, as_json: bool) -> None:
    for warning in pushed.warnings:
        terminal.warn(warning)
    if pushed.resumed:
        terminal.warn(
            "tasks were handed out for Label Studio before, and were not all there; this push sent those, and chose no "
            "others"
        )
    if pushed.twice:
        terminal.warn(
            f"{plural(pushed.twice, 'task has', 'tasks have')} the text of another there; delete one of each"
        )
    if pushed.added_labels:
        terminal.warn(f"added to the labelling configuration: {', '.join(pushed.added_labels)}")
    if as_json or not terminal.interactive():
        terminal.print_json({"url": url, **asdict(pushed)})
        return
    made = ", made just now" if pushed.created else ""
    terminal.say(
        f"{pushed.tasks:,} tasks are new in project {pushed.project}{made}, {pushed.present:,} were there; "
        f"{pushed.predicted:,} that wait have new predictions ({pushed.model_version}): "
        f"{url}/projects/{pushed.project}/data"
    )


@app.command("pull", cls=Command)
def pull(
    folder: projects.ProjectFolder,
    *,
    url: UrlOption = None,
    project: ProjectOption = None,
    annotator: Annotated[
        list[str] | None,
        typer.Option(
            "--annotator",
            "-a",
            metavar="EMAIL=NAME",
            help="Keep this person's answers under a name; may be repeated. [default: the e-mail]",
        ),
    ] = None,
    new_labels: projects.NewLabelsOption = False,
    skip_bad: Annotated[
        int,
        typer.Option(
            metavar="N", help="Leave out up to N annotations with unknown labels, or slots that cut words."
        ),
    ] = 0,
    token_file: TokenFileOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Save the annotations of Label Studio as answers of the project; the same again changes nothing.

    A changed annotation becomes a correction, a skipped task a skip; an answer whose annotation was deleted there is
    taken back. Drafts are left alone. Nothing is saved unless every annotation is as it should be.
    """
    from canvass.integrations.label_studio.saving import parsed

    names = parsed(annotator or ())
    with opened(folder, url, token_file) as (ours, client):
        from canvass.integrations.label_studio.pull import pull as pull_annotations

        with terminal.busy("reading and saving the annotations"):
            pulled = pull_annotations(
                ours,
                client,
                number=project,
                names=names,
                new_labels=new_labels,
                skip_bad=skip_bad,
                now=time.time(),
            )
    _tell_pulled(pulled, as_json=as_json)


def _tell_pulled(pulled: Pulled, *, as_json: bool) -> None:
    for number, words in (
        (pulled.skipped, "skipped, and kept as such"),
        (pulled.empty, "empty, and left out"),
        (pulled.in_test, "of a text in the test set, which must not be trained on, and left out"),
        (pulled.bad, "bad, and left out"),
        (pulled.outdated, "older than another of the same person and text, and left out"),
        (pulled.withdrawn, "deleted there; the answer counts no more"),
        (pulled.disputed, "in dispute now: another person said otherwise"),
    ):
        if number:
            terminal.warn(f"{plural(number, 'annotation is', 'annotations are')} {words}")
    if pulled.drafts:
        terminal.warn(f"{plural(pulled.drafts, 'draft is', 'drafts are')} not submitted, and left alone")
    if pulled.missing:
        tasks = plural(pulled.missing, "task that was pushed is", "tasks that were pushed are")
        terminal.warn(
            f"{tasks} there no more; canvass next --again writes what waits to a file, canvass label-studio push "
            "--new-project sends it to a new project"
        )
    for sentence in pulled.said:
        terminal.warn(f"left out, the first of its kind: {sentence}")
    if as_json or not terminal.interactive():
        terminal.print_json(asdict(pulled))
        return
    terminal.say(
        f"{pulled.answered:,} answers are saved, {pulled.corrected:,} of them corrections; {pulled.repeated:,} were "
        f"there already, {pulled.waiting:,} tasks wait for an annotation"
    )


@app.command("serve", cls=Command)
def serve(
    folder: projects.ProjectFolder,
    *,
    host: projects.HostOption = "127.0.0.1",
    port: projects.PortOption = 9090,
    allow_host: projects.AllowHostOption = None,
    user: Annotated[
        str | None, typer.Option(metavar="NAME", help="Answer only requests with this user and the password.")
    ] = None,
    password_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Read the password of --user from this file.")
    ] = None,
    project: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Take annotations of this project in Label Studio. [default: the one that this folder was pushed to, "
            "or any]",
        ),
    ] = None,
) -> None:
    """Answer Label Studio as its ML backend: predictions for tasks, training after annotations.

    Prints the address to connect there, and serves until Ctrl-C. Annotations come by webhook and become answers of the
    project; the models are trained on them behind the annotators' backs.
    """
    projects.check_server("the ML backend", "label-studio")
    from canvass.annotation.web.serve import allowed_hosts, listen
    from canvass.integrations.label_studio.backend import Backend
    from canvass.integrations.label_studio.serving import Access, check_user, read_password
    from canvass.integrations.label_studio.serving import serve as serve_backend

    address = projects.address_of(host, port)
    password = read_password(password_file)
    access = Access(allowed_hosts(address, allow_host or ()), check_user(user, password), password)
    with projects.open_project(folder) as ours, ours.lock("canvass label-studio serve"):
        listening, address = listen(address)
        with listening:
            backend = Backend(ours, number=lambda: _pushed_to(ours, project), say=terminal.say)

            def ready() -> None:
                _say_where(ours, address, _pushed_to(ours, project), has_password=bool(password))

            left = serve_backend(backend, listening, access, ready=ready)
    if left:
        terminal.warn(f"{left} annotations were not saved; canvass label-studio pull fetches them")
    terminal.say("stopped; every annotation that arrived is on disk" if not left else "stopped")


def _pushed_to(project: Project, number: int | None) -> int | None:
    """Name the project of Label Studio: the one that was given, or the one that was pushed to, also meanwhile."""
    from canvass.integrations.label_studio.link import Link

    return Link.of(project.store).project if number is None else number


def _say_where(project: Project, address: Address, number: int | None, *, has_password: bool) -> None:
    """Print the address that Label Studio is told, and what to do with it."""
    if not address.is_loopback and not has_password:
        terminal.warn(
            f"--host {address.host} lets other machines in: whoever reaches it reads predictions and adds annotations; "
            "give --user and --password-file, or use a network that you trust"
        )
    sys.stdout.write(f"{address.url}\n")
    sys.stdout.flush()
    of = "any project" if number is None else f"project {number}"
    password = ", as http://USER:PASSWORD@HOST" if has_password else ""
    terminal.say(
        f"ML backend of {project.target}, for {of} of Label Studio; connect the address above there (Settings, "
        f"Model{password}); Ctrl-C ends"
    )
