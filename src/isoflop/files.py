"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from isoflop.errors import IsoflopError, shown


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file by way of a neighbour and a rename, so that nobody ever sees half of it.

    Raises IsoflopError, with nothing left behind, if the folder cannot be written or the disk is full.
    """
    file = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".isoflop-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise IsoflopError(
            f"{shown(str(file))}: {len(content):,} bytes cannot be written ({reason}). "
            "Name a file in a folder that can be written and has room."
        ) from None
