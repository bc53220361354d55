"""Studies: a sweep of runs held on disk, from study.toml to a table that can be fitted.

study.toml → plan.jsonl → a folder for each run, with run.json, metrics.jsonl and DONE, FAILED or DIVERGED. The
files are the truth and there is nothing beside them: reading ten thousand of them takes a third of a second.
`pack` moves the logs of runs that are done into a zip file.
"""

from isoflop.experiments.study.planned import Study, StudyRun, open_study, plan_study

__all__ = ["Study", "StudyRun", "open_study", "plan_study"]
