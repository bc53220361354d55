"""Loss → accuracy, one task or many, with a verdict first; and the capabilities of public models."""

from isoflop.beyond.downstream.accuracy_from_loss import FORMS, Second, fit_second
from isoflop.beyond.downstream.downstream import downstream
from isoflop.beyond.downstream.long_tables import widened
from isoflop.beyond.downstream.observational import Observed, observe
from isoflop.beyond.downstream.result import Downstream, TaskForecast
from isoflop.beyond.downstream.tasks import AVERAGE, Task, with_scores
from isoflop.beyond.downstream.verdict import Verdict, judge

__all__ = [
    "AVERAGE", "FORMS", "Downstream", "Observed", "Second", "Task", "TaskForecast", "Verdict", "downstream",
    "fit_second", "judge", "observe", "widened", "with_scores",
]  # fmt: skip
