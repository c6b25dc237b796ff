"""[slos]: where the service level objectives are, and how long late data is waited for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from regionscope.sections.base import Section

if TYPE_CHECKING:
    from queries.settings import SloFiles


class SlosConfig(Section):
    """As queries.settings.SloFiles, which has what is absent here."""

    folder: Annotated[str, Field(min_length=1)] | None = None
    delay_minutes: Annotated[int, Field(ge=0, le=1440)] | None = None

    def anchored(self, folder: Path) -> SlosConfig:
        """The same, with a relative folder counted from the given one."""
        return self.model_copy(update={"folder": str(folder / self.folder)}) if self.folder else self

    def files(self) -> SloFiles:
        """As the answers take them."""
        from queries.settings import SloFiles  # collectors read this file too, without DuckDB

        return SloFiles(**self.model_dump(exclude_none=True))
