"""What a database with a hole would answer: messages for broken statements, values for UNION SELECT."""

import re

from web_honeypot.persona import Persona

MAX_DELAY = 2.0
_DEEPEST = 3
_VERSION = "10.11.14-MariaDB-0+deb12u2"
_UNION = re.compile(
    r"union(?:\s|/\*.{0,20}?\*/|\+)+(?:all\s+|distinct\s+)?select\s+(?P<list>.{1,1500})", re.IGNORECASE | re.DOTALL
)
_END = re.compile(r"\s+from\s|--|#|;|\s+limit\s", re.IGNORECASE)
_CONCAT = re.compile(r"concat(?:_ws)?\s*\((.{0,800})\)", re.IGNORECASE | re.DOTALL)
_DELAY = re.compile(r"(?:sleep|pg_sleep|benchmark)\s*\(\s*(\d{1,9})|waitfor\s+delay\s+'\d+:\d+:(\d+)", re.IGNORECASE)


def delay(text: str) -> float:
    """Give how many seconds the answer may take where a statement asks to wait; never long."""
    found = _DELAY.search(text)
    return min(float(found[1] or found[2]), MAX_DELAY) if found else 0.0


def selected(persona: Persona, text: str) -> list[str] | None:
    """Give the row of a UNION SELECT; None when there is none."""
    found = _UNION.search(text)
    if found is None:
        return None
    columns = _split(_END.split(found["list"], maxsplit=1)[0])
    return [_value(persona, column.strip()) for column in columns[:64]]


def message(persona: Persona, near: str) -> str:
    """Give what the database says to a statement that an attacker's text has broken."""
    product = "MariaDB" if not persona.windows else "MySQL"
    return (
        f"You have an error in your SQL syntax; check the manual that corresponds to your {product} server version for "
        f"the right syntax to use near '{near[:80]}' at line 1"
    )


def _split(text: str) -> list[str]:
    """Split at the commas that stand in no parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            parts.append("")
        elif depth >= 0:
            parts[-1] += letter
    return parts


def _value(persona: Persona, expression: str, depth: int = 0) -> str:
    plain = expression.lower()
    if depth < _DEEPEST and (found := _CONCAT.search(expression)):
        return "".join(_value(persona, part.strip(), depth + 1) for part in _split(found[1])[:32])
    text = _literal(expression)
    if text is not None:
        return text
    known = {
        "version": _VERSION,
        "database()": persona.slug,
        "schema()": persona.slug,
        "user": f"{persona.slug}@localhost",
        "hostname": persona.host_name,
    }
    value = next((value for word, value in known.items() if word in plain), plain[:64])
    return "" if value == "null" else value


def _literal(expression: str) -> str | None:
    """Read a string in quotes, in hexadecimal digits or in codes of characters."""
    if re.fullmatch(r"0x(?:[0-9a-f]{2}){1,200}", expression, re.IGNORECASE):
        return bytes.fromhex(expression[2:]).decode("latin-1")
    if len(expression) > 1 and expression[0] in "'\"" and expression[-1] == expression[0]:
        return expression[1:-1]
    if found := re.fullmatch(r"char\(([\d, ]{1,200})\)", expression, re.IGNORECASE):
        return "".join(chr(int(code) % 256) for code in re.findall(r"\d{1,3}", found[1]))
    return None
