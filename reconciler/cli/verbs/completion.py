"""`reconciler completion SHELL`: the script that teaches a shell our verbs, flags and channel names."""

from __future__ import annotations

import click

from reconciler.cli.terminal import out

_WHERE = {
    "bash": 'eval "$(reconciler completion bash)"   in ~/.bashrc',
    "zsh": 'eval "$(reconciler completion zsh)"   in ~/.zshrc',
    "fish": "reconciler completion fish > ~/.config/fish/completions/reconciler.fish",
}


@click.command("completion", epilog="\b\nTo use it:\n" + "\n".join(_WHERE.values()))
@click.argument("shell", type=click.Choice(sorted(_WHERE)))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the completion script of a shell: verbs, flags, kinds, targets and channel names."""
    from click.shell_completion import get_completion_class

    made_by = get_completion_class(shell)
    if made_by is None:
        raise click.UsageError(f"there is no completion for {shell}")
    # Not `source()`: that first asks the installed bash for its version.
    root = context.find_root().command
    completion = made_by(root, {}, "reconciler", "_RECONCILER_COMPLETE")
    out(completion.source_template % completion.source_vars())
    return 0
