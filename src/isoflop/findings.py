"""Finding: one diagnostic, as a value that travels with the result it is about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["BLOCK", "WARN", "INFO"]


@dataclass(frozen=True)
class Finding:
    """One diagnostic: a stable code (D data, F fit, P forecast), a sentence and a remedy."""

    code: str
    severity: Severity
    message: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        """Give the finding as it stands in the JSON."""
        return asdict(self)
