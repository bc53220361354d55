"""Loss → accuracy, one task or many, with a verdict first; and the capabilities of public models."""

from isoflop.downstream.observational import Observed, observe
from isoflop.downstream.result import Downstream, TaskForecast
from isoflop.downstream.second import FORMS, Second, fit_second
from isoflop.downstream.tasks import AVERAGE, Task, widened, with_scores
from isoflop.downstream.verb import downstream
from isoflop.downstream.verdict import Verdict, judge

__all__ = [
    "AVERAGE",
    "FORMS",
    "Downstream",
    "Observed",
    "Second",
    "Task",
    "TaskForecast",
    "Verdict",
    "downstream",
    "fit_second",
    "judge",
    "observe",
    "widened",
    "with_scores",
]
