"""Simulated runs as the columns and the CSV text of a file."""

from __future__ import annotations

from simulated import chinchilla_runs

RUNS = chinchilla_runs(40, noise=0.005)


def columns(**changed):
    """Give the columns of the simulated runs, some of them changed."""
    return {"N": RUNS["N"].tolist(), "D": RUNS["D"].tolist(), "loss": RUNS["loss"].tolist()} | changed


def csv(columns):
    """Give columns as CSV text."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"
