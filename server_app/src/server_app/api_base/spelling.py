"""How the parameters of a query must be spelled: as in JSON. Pydantic would also take `yes` and `1_0`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from werkzeug.datastructures import MultiDict

from server_app.errors import FieldError, Invalid
from server_app.field_errors import MAX_ERRORS, pointer

TRUTH = re.compile("true|false")
NUMBER = re.compile("-?(0|[1-9][0-9]*)")
WORDS = {TRUTH: "must be true or false", NUMBER: "must be a whole number"}


def spelling_of(model: type[BaseModel]) -> dict[str, re.Pattern[str]]:
    """The parameters of which the text must match something; the model says the rest."""
    found = {}
    for name, field in model.model_fields.items():
        types = set(_types_in(field.annotation))
        if bool in types:
            found[name] = TRUTH
        elif int in types:
            found[name] = NUMBER
    return found


def single(given: MultiDict[str, str], spelled: Mapping[str, re.Pattern[str]]) -> dict[str, str]:
    """The parameters of a query, each once.

    Raises:
        Invalid: one is there twice, or is not spelled as it must be.
    """
    wrong = [
        FieldError(pointer((name,)), "is given more than once") for name, values in given.lists() if len(values) > 1
    ]
    wrong += [
        FieldError(f"/{name}", WORDS[pattern])
        for name, pattern in spelled.items()
        if name in given and not pattern.fullmatch(given[name])
    ]
    if wrong:
        raise Invalid("The request does not match its schema. Correct the fields.", tuple(wrong[:MAX_ERRORS]))
    return given.to_dict()


def _types_in(annotation: Any) -> Iterator[Any]:
    """The plain types of an annotation."""
    parts = get_args(annotation)
    if not parts:
        yield annotation
    for part in parts:
        yield from _types_in(part)
