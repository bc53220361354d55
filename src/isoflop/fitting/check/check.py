"""Is this fit to be trusted? Every finding about runs and fit, and the checklist for whoever reads the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isoflop.display import View, dim, findings_list, group, table
from isoflop.estimate import LEVEL
from isoflop.findings import Answer, Finding, json_of
from isoflop.fitting.bad_runs import CODES, bad_runs
from isoflop.fitting.bad_runs.residuals import ROUNDING, gather
from isoflop.fitting.check.checklist import checklist
from isoflop.fitting.check.isoflop_grid import grid
from isoflop.fitting.check.noise import exact, shared, threshold, uneven
from isoflop.fitting.check.open_profiles import open_sides
from isoflop.fitting.check.structure import structure
from isoflop.fitting.fit import Fit, problem_behind
from isoflop.fitting.fit import fit as fit_law
from isoflop.fitting.summary import in_words

if TYPE_CHECKING:
    from isoflop.data.runs import ColumnMapping, Runs
    from isoflop.formula.law import Law
    from isoflop.formula.surface import Surface

__all__ = ["Checked", "check"]

UNANSWERED = "unanswered"


@dataclass(frozen=True)
class Checked(Answer):
    """A fit and all that was found about it.

    findings   of the runs, of the search, and of the residuals, each naming the runs it is about
    checklist  what a reader must know to repeat the fit; None where the runs do not say

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> "D09" in [finding.code for finding in isoflop.check(runs).findings]
    True
    """

    fit: Fit = field(repr=False)
    findings: tuple[Finding, ...]
    checklist: Mapping[str, str | None]

    @property
    def words(self) -> str:
        """What a colleague would say of the fit, in three sentences."""
        return in_words(self.fit, self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the findings as they stand in the JSON; an unanswered question is "unanswered"."""
        answers = {question: answer or UNANSWERED for question, answer in self.checklist.items()}
        return json_of(self, "findings checklist words law=fit.law.name source=fit.source", checklist=answers)

    def __rich__(self) -> View:
        """Return the findings as they look in a terminal, after three sentences about the fit."""
        found = findings_list(self.findings) if self.findings else dim("nothing was found against it")
        return group(self.words, "", found)

    def checklist_table(self) -> View:
        """Return the checklist as it looks in a terminal."""
        answers = ((question, answer or UNANSWERED) for question, answer in self.checklist.items())
        return table(["to repeat it", ""], answers, words=True)


def check(
    runs: Runs | ColumnMapping | Surface,
    *,
    law: str | Law = "chinchilla",
    flops: float | None = None,
    level: float = LEVEL,
    seed: int = 0,
) -> Checked:
    """Return every finding about some runs and the law fitted to them, or about a fit.

    Of several laws on runs, the one law named is fitted to their runs and checked.

    flops  the budget that matters, by which a run's influence is judged; ten times the largest unless said

    Raises DataError when the runs cannot carry the law, and for a fit saved without its runs.

    >>> runs = isoflop.read("tinylm", where='role == "sweep"')
    >>> "D09" in [finding.code for finding in isoflop.check(runs).findings]
    True
    """
    given: Any = getattr(runs, "runs", runs)  # of a predictor, the runs behind it
    fit = runs if isinstance(runs, Fit) else fit_law(law, given, level=level, seed=seed)
    found = fit.findings if flops is None else tuple(one for one in fit.findings if one.code not in CODES)
    if not any(one.severity == "BLOCK" for one in found):  # a fit that means nothing has no residuals to look at
        evidence = gather(*problem_behind(fit))
        bad = () if flops is None else bad_runs(fit, evidence, fit.own_runs, flops=flops)
        found = (*found, *open_sides(fit), *bad, *exact(evidence), *grid(fit))
        if evidence.noise > ROUNDING:  # what rounding leaves says nothing about the runs
            found = (
                *found,
                *structure(evidence),
                *uneven(evidence, fit.own_runs),
                *shared(evidence, fit.own_runs),
                *threshold(fit, evidence),
            )
    return Checked(fit, tuple(dict.fromkeys(found)), checklist(fit))
