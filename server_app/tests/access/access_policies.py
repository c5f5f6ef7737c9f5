"""Who may do what: the answers that each kind of caller must get, for the own division and for another one."""

from dataclasses import dataclass, replace

OK = 200
"""Stands for every answer from 200 to 299."""
type Answers = tuple[int, int]
"""For a thing of the own division, and for one of another division."""


@dataclass(frozen=True)
class Policy:
    """One answer for each caller. Sensors show a certificate and nothing else; strangers show nothing."""

    nobody: Answers
    observer: Answers
    manager: Answers
    admin: Answers
    sensor: Answers

    def but(self, **answers: Answers) -> "Policy":
        """The same with other answers for some callers."""
        return replace(self, **answers)


CALLERS = ("nobody", "observer", "manager", "admin", "sensor")
TOKENS = ("read token", "write token")
"""The manager's; what they get follows from the manager's answers and from the document."""
SIDES = ("own", "other")

EVERYBODY = Policy((OK, OK), (OK, OK), (OK, OK), (OK, OK), (OK, OK))
USERS = Policy((401, 401), (OK, OK), (OK, OK), (OK, OK), (401, 401))
"""Whoever is logged in; lists show each only what they may see."""
READ = Policy((401, 401), (OK, 404), (OK, 404), (OK, OK), (401, 401))
"""Things of a division, for those who belong to it."""
WRITE = Policy((401, 401), (403, 404), (OK, 404), (OK, OK), (401, 401))
"""The same, changed by its managers."""
CREATE = Policy((401, 401), (403, 403), (OK, 400), (OK, OK), (401, 401))
"""A new thing in a division that the body names: one that the caller does not know is a mistake in the body."""
ADMIN = Policy((401, 401), (403, 403), (403, 403), (OK, OK), (401, 401))
"""What all divisions share."""
SENSOR = Policy((401, 401), (401, 401), (401, 401), (401, 401), (OK, OK))
"""The sensors' own addresses: people's sessions are worth nothing there."""
