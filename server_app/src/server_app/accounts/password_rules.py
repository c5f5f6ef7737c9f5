"""Which passwords are too weak: pure, and the same wherever one is chosen."""

SHORTEST = 8
FEWEST_DIFFERENT = 5
ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm")
COMMON = frozenset(
    {
        *("password", "passw0rd", "passwort", "p@ssword", "p@ssw0rd", "kennwort", "changeme", "changeit"),
        *("letmein1", "welcome1", "iloveyou", "sunshine", "princess", "football", "baseball", "superman"),
        *("trustno1", "starwars", "whatever", "computer", "internet", "michelle", "jennifer", "corvette"),
        *("administrator", "adminadmin", "rootroot", "honeysens", "honeypot", "default1", "testtest"),
        *("1q2w3e4r", "1qaz2wsx", "q1w2e3r4", "zaq12wsx", "qazwsxedc", "abcd1234", "abc12345", "a1b2c3d4"),
        *("master123", "dragon123", "monkey123", "shadow123", "secret123", "geheim123", "hallo123", "qwerty123"),
    }
)
DECORATION = "0123456789!?.*#$-_ "


def weakness(password: str, *names: str) -> str | None:
    """Why a password must not be chosen; None when nothing speaks against it.

    Args:
        password: what somebody wants to use.
        names: what others know of the user, such as name and mail address.
    """
    folded = password.casefold()
    if len(password) < SHORTEST:
        return f"has fewer than {SHORTEST} characters"
    if len(set(folded)) < FEWEST_DIFFERENT:
        return f"has fewer than {FEWEST_DIFFERENT} different characters"
    if folded in COMMON or folded.strip(DECORATION) in COMMON | {"admin", "root", "user", "welcome", "qwerty", "test"}:
        return "is among the first that anybody would guess"
    if any(folded in row or folded[::-1] in row or folded in row * 2 for row in ROWS):
        return "is a row of the keyboard, of the alphabet or of numbers"
    for name in names:
        known = name.casefold().partition("@")[0]
        if known and (folded.strip(DECORATION) == known or folded == known * 2 or folded[::-1] == known):
            return "is made of the user's own name"
    return None
