"""The loss of a run not yet trained, with intervals, and what stands behind them.

predictor      what can answer: a curve, several, a fit, several laws on runs
constants      the numbers that were chosen by measurement
noise          the runs' noise about a law, of few runs too
priors         laws held by what is known
single_input   the column a forecast goes by where N and D are not both known
baselines      guesses without a law
extrapolation  how far beyond the runs
backtest       forecasts from a part of the runs
weighing       how much past errors let each forecaster count
weights        what past errors say of the next
ensemble       several laws together
sizes          how far off planned sizes were
record         how good past forecasts were
summary        what several laws say in three sentences
source         what can answer
intervals      a forecast's width
result         a forecast and how it looks
findings       what is to be doubted of it
doubts         what backtests and runs say against it
forecast       inputs → loss
every_loss     several losses of the same runs at once
solve          loss → an input
curves/        the loss as a run trains
"""
