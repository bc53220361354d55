"""What the web app and the report are made of: a source's content, and the modules that draw it in a browser.

planner.js  the plan of a budget          figures.js  the figures, by Observable Plot (plot.js, vendored)
units.js    quantities as people write    desk.js     sliders, the answer, figures that follow
typing.js   fields that no answer overwrites while their user types
"""
