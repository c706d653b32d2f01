"""``voicemate doctor --offline``: the evidence that nothing leaves this machine."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from voicemate.cli.render.output import print_json, stdout_console
from voicemate.sandbox.evidence import OfflineEvidence, collect_evidence
from voicemate.sandbox.proof import KernelFacts, describe_errno


def show_evidence(sandbox: bool, as_json: bool) -> bool:
    """Put this process offline as a conversation would be, print the evidence, and return whether it holds."""
    found = collect_evidence(sandbox)
    if as_json:
        print_json(found.as_json())
    else:
        _show(found, stdout_console())
    return found.holds


def _show(found: OfflineEvidence, console: Console) -> None:
    verdict = ("offline, proven", "bold green") if found.holds else ("NOT PROVEN OFFLINE", "bold red")
    console.print(Text.assemble(verdict, f"  ({found.proof.took_ms:.0f} ms)"))
    console.print(_locks(found))
    console.print(_attempts(found))
    console.print(Text(_kernel(found.proof.kernel), style="dim"), soft_wrap=True)
    for sentence in _caveats(found):
        console.print(Text(f"{sentence}.", style="yellow"), soft_wrap=True)


def _locks(found: OfflineEvidence) -> Table:
    table = _table("lock", "", "")
    for lock in found.proof.locks:
        state = ("on", "green") if lock.on else ("off", "red")
        table.add_row(lock.name, Text(*state), lock.about)
    return table


def _attempts(found: OfflineEvidence) -> Table:
    table = _table("tried", "from", "without the locks", "with them")
    for one in (*found.proof.attempts, *found.child):
        before = "" if one.before is None else describe_errno(one.before)
        table.add_row(one.what, one.by, before, Text(describe_errno(one.after), "green" if one.refused else "red"))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", title=" ")
    for column in columns:
        table.add_column(column)
    return table


def _kernel(facts: KernelFacts) -> str:
    parts = [f"{facts.system} on {facts.machine}"]
    if facts.threads:
        parts.append(f"{facts.filtered} of {facts.threads} threads under a filter")
        parts.append("no new privileges" if facts.no_new_privileges else "new privileges possible")
        parts.append(f"Landlock {facts.landlock}" if facts.landlock else "no Landlock")
    return " · ".join(parts)


def _caveats(found: OfflineEvidence) -> list[str]:
    caveats = [*found.proof.gaps]
    if not found.child:
        caveats.append("No child process could be started for the test")
    caveats += [f"C code could still have {name} look up a name (Python code cannot)" for name in found.resolvers]
    caveats += [f"{sentence}: a conversation cannot reach it" for sentence in found.network_settings]
    return caveats
