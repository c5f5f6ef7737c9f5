"""The list of processes."""

import time
from typing import NamedTuple

from cowrie_persona.persona import Persona

_KERNEL = (
    *("[kthreadd]", "[rcu_gp]", "[rcu_par_gp]", "[slub_flushwq]", "[netns]", "[mm_percpu_wq]", "[ksoftirqd/0]"),
    *("[rcu_preempt]", "[migration/0]", "[cpuhp/0]", "[cpuhp/1]", "[migration/1]", "[ksoftirqd/1]", "[kdevtmpfs]"),
    *("[kauditd]", "[khungtaskd]", "[oom_reaper]", "[writeback]", "[kcompactd0]", "[ksmd]", "[khugepaged]"),
    *("[kblockd]", "[kswapd0]", "[kthrotld]", "[jbd2/sda1-8]", "[ext4-rsv-conver]"),
)
_START = ("/sbin/init", "/lib/systemd/systemd-journald", "/lib/systemd/systemd-udevd")


class Process(NamedTuple):
    """`size` and `resident` are KiB; `at` is when it was started, in seconds since the epoch."""

    user: str
    number: int
    size: int
    resident: int
    terminal: str
    state: str
    at: float
    command: str


def running(persona: Persona, booted: float) -> list[Process]:
    """What always runs, since the machine was started (seconds since the epoch)."""

    def daemon(number: int, user: str, command: str) -> Process:
        size = persona.identity.number(f"size of {command}", 20000)
        return Process(user, number, 8000 + size, 2400 + size // 3, "?", "Ss", booted, command)

    found = [daemon(1, "root", _START[0])]
    found += [Process("root", 2 + number, 0, 0, "?", "I<", booted, name) for number, name in enumerate(_KERNEL)]
    next_number = 240
    for user, command in (*(("root", each) for each in _START[1:]), *persona.system.services):
        next_number += 7 + persona.identity.number(f"before {command}", 60)
        found.append(daemon(next_number, user, command))
    return found


def listing(processes: list[Process], arguments: list[str], now: float, memory: int) -> str:
    """The table that `ps` prints.

    Args:
        processes: all there are.
        arguments: of the command; its own terminal is the last process's.
        now: seconds since the epoch.
        memory: of the machine, in KiB.
    """
    flags = "".join(argument.lstrip("-") for argument in arguments)
    terminal = processes[-1].terminal
    shown = processes if set(flags) & set("aexA") else [each for each in processes if each.terminal == terminal]
    if "u" in flags:
        rows = [_long(each, now, memory) for each in shown]
        return "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n" + "".join(rows)
    if "f" in flags:
        head = "UID          PID    PPID  C STIME TTY          TIME CMD\n"
        return head + "".join(
            f"{each.user:<8} {each.number:>7} {int(each.number > 1):>7}  0 {_start(each, now)} {each.terminal:<8} "
            f"00:00:00 {each.command}\n"
            for each in shown
        )
    rows = [f"{each.number:>7} {each.terminal:<8} 00:00:00 {each.command.split()[0].strip('[]-:')}\n" for each in shown]
    return "    PID TTY          TIME CMD\n" + "".join(rows)


def _long(each: Process, now: float, memory: int) -> str:
    share = each.resident * 100 / memory
    return (
        f"{each.user:<8} {each.number:>7}  0.0 {share:>4.1f} {each.size:>6} {each.resident:>5} {each.terminal:<8} "
        f"{each.state:<4} {_start(each, now)}   0:00 {each.command}\n"
    )


def _start(each: Process, now: float) -> str:
    recent = now - each.at < 86400  # noqa: PLR2004 - a day
    return time.strftime("%H:%M" if recent else "%b%d", time.gmtime(each.at))
