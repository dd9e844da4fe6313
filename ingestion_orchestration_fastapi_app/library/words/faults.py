"""What a fault of a words' table means: it is lost and another takes its place, or it is the
moment's and a job waits it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ingestion_orchestration_fastapi_app.errors import StoreRead, StoreWrite


class WordsLostError(Exception):
    """The words' table, not that of the points: damaged, gone, or not the service's to read."""


@contextmanager
def of_words() -> Iterator[None]:
    """Around calls of the words' store alone. Raises WordsLostError; StoreWrite for what the moment
    is at fault for.
    """
    try:
        yield
    except ValueError as exc:  # of a table that is gone
        raise WordsLostError(str(exc)) from exc
    except StoreRead as exc:
        # What may not be read stays so, and an import would wait for ever.
        if exc.damaged_table is not None or exc.is_refused:
            raise WordsLostError(exc.reason) from exc
        raise StoreWrite("The words of images cannot be used now.", cause=exc.reason) from exc
