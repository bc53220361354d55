"""Finding: one diagnostic, as a value that travels with the result it is about."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["BLOCK", "WARN", "INFO"]


@dataclass(frozen=True)
class Finding:
    """One diagnostic: a stable code (D data, F fit, P forecast), a sentence and a remedy.

    runs  the names of the runs it is about, as `Runs.names` gives them; empty if it is about all
    """

    code: str
    severity: Severity
    message: str
    remedy: str
    runs: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the finding as it stands in the JSON."""
        return {**asdict(self), "runs": list(self.runs)}
