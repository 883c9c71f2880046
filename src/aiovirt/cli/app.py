"""The program, made of the verbs.

A verb's module is imported when the verb is used, or its help is shown.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Group, Parameter, UnknownCommandError
from rich.console import Console

from aiovirt.cli.about import own_version
from aiovirt.cli.failures import UsageError
from aiovirt.cli.logs import warnings_shown
from aiovirt.cli.output import Output
from aiovirt.cli.run import Call, Turns, execute
from aiovirt.cli.settings import Settings
from aiovirt.cli.standard import write, written
from aiovirt.cli.usage import usage_error
from aiovirt.cli.verbs import ADMIN_ALIASES, ADMIN_VERBS, VERBS, verb_name

__all__ = ["build", "run"]

Verb = Callable[..., Any]

DEFAULTS = Settings()

OWN_DEADLINE = frozenset({"console", *map(verb_name, VERBS["Events"])})
"""Verbs for which ``--timeout`` is not an error."""

OF_ALL = frozenset({"help", "completion", "__complete", "--help", "-h", "--version"})
"""Words of a command line that may be about all verbs."""

OPTIONS = Group.create_default_parameters()
"""The heading of a verb's own options."""

_ABOUT = """Virtual machines from the command line, without a daemon.

Verbs are named as virsh's and mean the same. Begin with:

    aiovirt doctor
    aiovirt define web1.xml
    aiovirt start --console web1
    aiovirt help start
"""


class _Screen(Console):
    """Where help is shown: standard output, and its errors are told as everywhere."""

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401  # as rich has it
        """Show it, at once.

        Raises:
            OutputGone: Nobody reads it.
            OSError: It cannot be written.
        """
        with written():
            super().print(*objects, **options)

    def on_broken_pipe(self) -> None:
        """Let the error pass: rich would end the process with status 1."""
        raise BrokenPipeError


def build(words: Collection[str] | None = None) -> App:
    """The program: what reads the command line and calls the verb.

    With `words` it has only the verbs that are among them: cyclopts looks through all that there
    are a dozen times a line, which is most of what a short verb takes.
    """
    app = App(
        name="aiovirt",
        console=_Screen(),
        help=_ABOUT,
        help_format="markdown",
        version=lambda: f"aiovirt {own_version()}",
        default_parameter=Parameter(negative=(), show_default=_default),
    )
    for place, (title, verbs) in enumerate(VERBS.items()):
        group = Group(title, sort_key=place)
        for verb in verbs:
            name = verb_name(verb)
            if words is None or name in words:
                app.command(_where(verb), name=name, group=group, group_parameters=OPTIONS)
    if words is None or "admin" in words:
        _add_admin(app)
    own = Group("The Program Itself", sort_key=len(VERBS))
    app.command(_helper(app), name="help", group=own)
    app.command(_completion(app), name="completion", group=own)
    for flag in ("--help", "--version"):
        app[flag].group = (own,)
    app.meta.group_parameters = Group("Options of every verb", sort_key=len(VERBS) + 1)
    app.meta.default(_launcher(app))
    return app


def _add_admin(app: App) -> None:
    """The verbs about libvirt's daemons themselves, a program within the program."""
    admin = App(
        name="admin",
        help="Look after a libvirt daemon itself, as virt-admin does: -c libvirtd:///system.",
        group=Group("Libvirt's Daemons", sort_key=len(VERBS)),
    )
    for verb in ADMIN_VERBS:
        name = verb_name(verb)
        names = [name, ADMIN_ALIASES[name]] if name in ADMIN_ALIASES else [name]
        admin.command(_where(verb), name=names, group_parameters=OPTIONS)
    app.command(admin)


def _where(verb: str) -> str:
    """Where the function of a verb is, as cyclopts takes it."""
    module, _, function = verb.partition(".")
    return f"aiovirt.cli.{module}:{function}"


def _default(value: object) -> object:
    """What the help says of a default: nothing of one that says nothing."""
    return value or None


def _launcher(app: App) -> Verb:
    """What takes the options of every verb from anywhere in the line, and runs the rest."""

    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        settings: Settings = DEFAULTS,
    ) -> None:
        verb, bound, injected = app.parse_args(tokens, exit_on_error=False, print_error=False)
        bare = functools.partial(verb, *bound.args, **bound.kwargs)
        out = Output(settings)
        name = next(iter(tokens), "")
        if inspect.iscoroutinefunction(verb):
            call = Call(name, bare, injected, own_deadline=name in OWN_DEADLINE)
            result = execute(call, settings, out)
        else:
            result = bare(**dict.fromkeys(injected, Turns(name, settings, out)))
        if result is not None:
            out.show(result)

    return launch


def _helper(app: App) -> Verb:
    def help_(verb: Annotated[str | None, Parameter(help="The verb.")] = None) -> None:
        """Explain the program, or one verb.

        For example:

            aiovirt help
            aiovirt help start
        """
        if verb is not None and verb not in app:
            raise UsageError(f"there is no verb {verb!r}", hint="aiovirt help lists them")
        app.help_print([] if verb is None else [verb])

    return help_


def _completion(app: App) -> Verb:
    def completion(shell: Literal["bash", "zsh", "fish", "powershell"]) -> None:
        """Print the completion script of a shell.

        It completes verbs, options and names of domains. Making it takes some seconds, so keep it
        in a file. For example:

            aiovirt completion bash > ~/.local/share/bash-completion/completions/aiovirt
            aiovirt completion zsh > ~/.zfunc/_cyclopts_aiovirt
            aiovirt completion fish > ~/.config/fish/completions/aiovirt.fish

        Args:
            shell: For which shell.
        """
        write(app.generate_completion(prog_name="aiovirt", shell=shell))

    return completion


def run(tokens: Sequence[str]) -> None:
    """Run one command line.

    Raises:
        UsageError: It is wrong.
        AiovirtError: What its verb raises.
    """
    try:
        with warnings_shown():
            _run_among(tokens, _words(tokens))
    except CycloptsError as error:
        raise usage_error(error) from error


def _run_among(tokens: Sequence[str], words: Collection[str] | None) -> None:
    """Run it with the verbs that are among these words; the hint for a wrong one knows all."""
    try:
        build(words).meta(
            list(tokens), exit_on_error=False, print_error=False, result_action="return_value"
        )
    except UnknownCommandError:
        if words is None:
            raise
        _run_among(tokens, None)


def _words(tokens: Sequence[str]) -> Collection[str] | None:
    """The words among which a line's verb must be, or None where it may be about all verbs."""
    names = {"admin", *(verb_name(verb) for verbs in VERBS.values() for verb in verbs)}
    first = next(iter(tokens), "")
    if names.isdisjoint(tokens) or (first not in names and not OF_ALL.isdisjoint(tokens)):
        return None
    return frozenset(tokens)
