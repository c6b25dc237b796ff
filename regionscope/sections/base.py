"""What the sections of the configuration are made of: strict records, and rules that name themselves."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the file. A key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def matching(pattern: str, rule: str) -> AfterValidator:
    """Accepts texts that match the whole pattern; `rule` says what is wrong with others."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"must be a regular expression: {error}") from None
    return pattern


RegionName = Annotated[
    str, matching(r"[a-z]{2,3}(-[a-z]+)+-\d", "must be a region's name, such as eu-west-1")
]
KeyReference = Annotated[
    str,
    matching(
        r"(env|file|secretsmanager|ssm):.+",
        "must refer to a secret as env:NAME, file:PATH, secretsmanager:ARN or ssm:NAME, never hold it",
    ),
]
Pattern = Annotated[str, AfterValidator(_compiles)]
