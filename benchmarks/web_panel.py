"""A rival of benchmarks/web.py: the same page in Panel, by isoflop's own numbers."""

import panel as pn
from bokeh.plotting import figure
from web_task import ENDS, FIRST, STEP, best_losses, told

pn.extension()

exponent = pn.widgets.FloatSlider(name="compute, log10 FLOPs", start=ENDS[0], end=ENDS[1], value=FIRST, step=STEP)
line = best_losses()
chart = figure(height=300, width=600, x_axis_label="log10 FLOPs", y_axis_label="loss")
chart.line(line["log10 FLOPs"], line["loss"])
pn.Column("# tinylm", exponent, pn.pane.HTML(pn.bind(told, exponent)), pn.pane.Bokeh(chart)).servable()
