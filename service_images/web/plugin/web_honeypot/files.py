"""Files of the emulated host that attackers ask for; what secrets they hold are made up and open nothing."""

import re
from collections.abc import Callable

from web_honeypot.persona import Persona

_USERS = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
sync:x:4:65534:sync:/bin:/bin/sync
man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
backup:x:34:34:backup:/var/backups:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
_apt:x:42:65534::/nonexistent:/usr/sbin/nologin
systemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin
messagebus:x:100:107::/nonexistent:/usr/sbin/nologin
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
mysql:x:102:110:MariaDB Server,,,:/nonexistent:/bin/false
{admin}:x:1000:1000:{admin},,,:/home/{admin}:/bin/bash
"""
_APPLIANCE_USERS = """root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/var:/bin/false
admin:x:500:500:admin:/home/admin:/bin/sh
www:x:33:33:www:/var/www:/bin/false
"""
_WIN_INI = "; for 16-bit app support\r\n[fonts]\r\n[extensions]\r\n[mci extensions]\r\n[files]\r\n[Mail]\r\nMAPI=1\r\n"
KERNEL = "6.1.0-37-amd64"
BUILD = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)"


def read(persona: Persona, path: str) -> str | None:
    """Give a file's content, or None where the host has no such file.

    Args:
        persona: whose host it is.
        path: as the attacker wrote it, with whatever leads to it.
    """
    plain = path.replace("\\", "/").partition("\0")[0].lower()
    for pattern, content, windows in _FILES:
        if pattern.search(plain) and (windows is None or windows == persona.windows):
            return content(persona)
    return None


def admin(persona: Persona) -> str:
    """Give the name of the person who looks after the host."""
    names = ("mweber", "jkeller", "akoch", "sbraun", "tlang", "pvogel", "cwolf", "nbeck")
    return names[persona.identity.number("admin", len(names))]


def _passwd(persona: Persona) -> str:
    if persona.os_family == "appliance":
        return _APPLIANCE_USERS
    return _USERS.format(admin=admin(persona))


def _hosts(persona: Persona) -> str:
    return f"127.0.0.1\tlocalhost\n127.0.1.1\t{persona.fqdn}\t{persona.host_name}\n\n::1\tlocalhost ip6-localhost\n"


def _environment(persona: Persona) -> str:
    return (
        f"APP_NAME={persona.slug}\nAPP_ENV=production\nAPP_KEY=base64:{persona.secret('app key', 43)}=\n"
        f"APP_DEBUG=false\nAPP_URL=https://{persona.fqdn}\n\nDB_CONNECTION=mysql\nDB_HOST=127.0.0.1\nDB_PORT=3306\n"
        f"DB_DATABASE={persona.slug}\nDB_USERNAME={persona.slug}\nDB_PASSWORD={persona.secret('database')}\n\n"
        f"MAIL_HOST=mail.{persona.domain}\nMAIL_USERNAME=noreply@{persona.domain}\n"
        f"MAIL_PASSWORD={persona.secret('mail')}\n"
    )


def _wp_config(persona: Persona) -> str:
    keys = ("AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY")
    defined = "".join(f"define( '{key}', '{persona.secret(key, 64)}' );\n" for key in keys)
    return (
        f"<?php\ndefine( 'DB_NAME', '{persona.slug}_wp' );\ndefine( 'DB_USER', '{persona.slug}_wp' );\n"
        f"define( 'DB_PASSWORD', '{persona.secret('wordpress')}' );\ndefine( 'DB_HOST', 'localhost' );\n"
        f"define( 'DB_CHARSET', 'utf8mb4' );\n\n{defined}\n$table_prefix = 'wp_';\ndefine( 'WP_DEBUG', false );\n"
    )


def _php_config(persona: Persona) -> str:
    return (
        f"<?php\n$db_host = 'localhost';\n$db_name = '{persona.slug}';\n$db_user = '{persona.slug}';\n"
        f"$db_pass = '{persona.secret('database')}';\n"
    )


def _web_config(persona: Persona) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n  <connectionStrings>\r\n    <add name="Default" '
        f'connectionString="Server=localhost;Database={persona.slug};User Id={persona.slug};'
        f'Password={persona.secret("database")}" />\r\n  </connectionStrings>\r\n</configuration>\r\n'
    )


def _git_config(persona: Persona) -> str:
    return (
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"
        f'[remote "origin"]\n\turl = git@git.{persona.domain}:{persona.slug}/{persona.slug}-web.git\n'
        '\tfetch = +refs/heads/*:refs/remotes/origin/*\n[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n'
    )


def _htpasswd(persona: Persona) -> str:
    return f"{admin(persona)}:$apr1${persona.secret('salt', 8)}${persona.secret('htpasswd', 22)}\n"


def _smb_conf(_persona: Persona) -> str:
    return "[global]\n\tencrypt passwords = yes\n\tname resolve order = lmhosts wins host bcast\n"


def _fixed(text: str) -> Callable[[Persona], str]:
    return lambda _persona: text


_FILES: tuple[tuple[re.Pattern[str], Callable[[Persona], str], bool | None], ...] = tuple(
    (re.compile(pattern), content, windows)
    for pattern, content, windows in (
        (r"etc/passwd-?$", _passwd, False),
        (r"etc/group$", _fixed("root:x:0:\ndaemon:x:1:\nadm:x:4:\nsudo:x:27:\nwww-data:x:33:\n"), False),
        (r"etc/hosts$", _hosts, False),
        (r"etc/hostname$", lambda persona: f"{persona.host_name}\n", False),
        (r"etc/issue$", _fixed("Debian GNU/Linux 12 \\n \\l\n\n"), False),
        (r"etc/os-release$", _fixed('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n'), False),
        (r"proc/version$", _fixed(f"Linux version {KERNEL} (debian-kernel@lists.debian.org) {BUILD}\n"), False),
        (
            r"proc/self/environ$",
            _fixed("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\0LANG=C\0PWD=/\0"),
            False,
        ),
        (r"proc/self/cmdline$", _fixed("/usr/sbin/apache2\0-k\0start\0"), False),
        (r"(?:win(?:dows|nt)/)?win\.ini$", _fixed(_WIN_INI), True),
        (r"drivers/etc/hosts$", _fixed("# localhost name resolution is handled within DNS itself.\r\n"), True),
        (r"(?:^|/)web\.config$", _web_config, True),
        (r"(?:^|/)\.env(?:\.[a-z]+)?$", _environment, None),
        (r"(?:^|/)wp-config\.php(?:[.~_a-z0-9-]*)$", _wp_config, None),
        (r"(?:^|/)config(?:uration|\.inc)?\.php(?:[.~_a-z0-9-]*)$", _php_config, None),
        (r"\.git/config$", _git_config, None),
        (r"\.git/head$", _fixed("ref: refs/heads/main\n"), None),
        (r"(?:^|/)\.htpasswd$", _htpasswd, None),
        (r"vpns?/.*smb\.conf$", _smb_conf, None),
    )
)
