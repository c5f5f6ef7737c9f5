"""The accounts of the machine: /etc/passwd and its companions, and cowrie's own list of who gets in."""

from cowrie_persona.persona import Login, Persona

_SYSTEM = (
    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
    "bin:x:2:2:bin:/bin:/usr/sbin/nologin",
    "sys:x:3:3:sys:/dev:/usr/sbin/nologin",
    "sync:x:4:65534:sync:/bin:/bin/sync",
    "games:x:5:60:games:/usr/games:/usr/sbin/nologin",
    "man:x:6:12:man:/var/cache/man:/usr/sbin/nologin",
    "lp:x:7:7:lp:/var/spool/lpd:/usr/sbin/nologin",
    "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin",
    "news:x:9:9:news:/var/spool/news:/usr/sbin/nologin",
    "uucp:x:10:10:uucp:/var/spool/uucp:/usr/sbin/nologin",
    "proxy:x:13:13:proxy:/bin:/usr/sbin/nologin",
    "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin",
    "backup:x:34:34:backup:/var/backups:/bin/sh",
    "list:x:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin",
    "irc:x:39:39:ircd:/run/ircd:/usr/sbin/nologin",
    "_apt:x:42:65534::/nonexistent:/usr/sbin/nologin",
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
    "systemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin",
    "messagebus:x:100:107::/nonexistent:/usr/sbin/nologin",
    "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin",
)
_GROUPS = (
    *("root:x:0:", "daemon:x:1:", "bin:x:2:", "sys:x:3:", "adm:x:4:", "tty:x:5:", "disk:x:6:", "lp:x:7:", "mail:x:8:"),
    *("news:x:9:", "uucp:x:10:", "man:x:12:", "proxy:x:13:", "kmem:x:15:", "dialout:x:20:", "fax:x:21:", "voice:x:22:"),
    *("cdrom:x:24:", "floppy:x:25:", "tape:x:26:", "sudo:x:27:", "audio:x:29:", "dip:x:30:", "www-data:x:33:"),
    *("backup:x:34:", "operator:x:37:", "list:x:38:", "irc:x:39:", "src:x:40:", "shadow:x:42:", "utmp:x:43:"),
    *("video:x:44:", "sasl:x:45:", "plugdev:x:46:", "staff:x:50:", "games:x:60:", "users:x:100:", "nogroup:x:65534:"),
    *("systemd-journal:x:999:", "systemd-network:x:998:", "crontab:x:101:", "messagebus:x:107:", "_ssh:x:108:"),
)
FIRST_ID = 1000
_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def numbered(persona: Persona) -> tuple[tuple[str, int], ...]:
    """The people with their user ids; accounts of the system keep theirs."""
    known = {line.partition(":")[0] for line in _SYSTEM}
    people = (name for name in persona.people if name not in known)
    return tuple((name, FIRST_ID + number) for number, name in enumerate(people))


def passwd(persona: Persona) -> str:
    """The content of /etc/passwd."""
    people = (f"{name}:x:{number}:{number}:,,,:/home/{name}:/bin/bash" for name, number in numbered(persona))
    return _lines("root:x:0:0:root:/root:/bin/bash", *_SYSTEM, *people)


def group(persona: Persona) -> str:
    """The content of /etc/group."""
    first = next((name for name, _ in numbered(persona)), "")
    groups = (f"{line}{first}" if line.startswith("sudo:") else line for line in _GROUPS)
    return _lines(*groups, *(f"{name}:x:{number}:" for name, number in numbered(persona)))


def shadow(persona: Persona) -> str:
    """The content of /etc/shadow; no password belongs to its hashes."""
    day = 19500 + persona.identity.number("installed", 400)
    system = (f"{line.partition(':')[0]}:*:{day}:0:99999:7:::" for line in _SYSTEM)
    people = (f"{name}:{_hash(persona, name)}:{day}:0:99999:7:::" for name, _ in numbered(persona))
    return _lines(f"root:{_hash(persona, 'root')}:{day}:0:99999:7:::", *system, *people)


def user_database(users: tuple[Login, ...]) -> str:
    """The content of cowrie's userdb.txt, which takes `!` and `/` at the beginning of a password for its own signs."""
    return _lines(*(f"{login.name}:x:{_rule(login.password)}" for login in users))


def _rule(password: str) -> str:
    if password[0] not in "!/":
        return password
    return "/^" + "".join(f"\\x{ord(letter):02x}" for letter in password) + "$/"


def _hash(persona: Persona, name: str) -> str:
    letters = "".join(_ALPHABET[octet % 64] for octet in persona.identity.derive(f"password {name}", 65))
    return f"$y$j9T${letters[:22]}${letters[22:]}"


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)
