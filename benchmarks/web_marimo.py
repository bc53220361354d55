"""A rival of benchmarks/web.py: the same page in marimo, by isoflop's own numbers."""

from typing import Any

import marimo

app = marimo.App()


@app.cell
def slider() -> Any:
    """Give the slider."""
    import marimo as mo
    from web_task import ENDS, FIRST, STEP

    exponent = mo.ui.slider(*ENDS, STEP, FIRST, label="compute, log10 FLOPs")
    exponent  # noqa: B018 - what a cell ends with is shown
    return exponent, mo


@app.cell
def answer(exponent: Any, mo: Any) -> None:
    """Show the plan."""
    from web_task import told

    mo.Html(told(exponent.value))


@app.cell
def chart() -> None:
    """Show the chart."""
    import altair as alt
    from web_task import best_losses

    line = best_losses()
    rows = [{"x": at, "loss": loss} for at, loss in zip(line["log10 FLOPs"], line["loss"], strict=True)]
    across, up = alt.X("x:Q").scale(zero=False), alt.Y("loss:Q").scale(zero=False)
    alt.Chart(alt.Data(values=rows)).mark_line().encode(x=across, y=up)


if __name__ == "__main__":
    app.run()
