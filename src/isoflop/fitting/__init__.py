"""A law and runs → Fit: optimum, draws, what is determined, what is to be doubted.

optimise/        objective, problem, starts, descent
options          how a fit is asked for
draws            curves that the data also allow
identifiability  what the runs do not determine
summary          a fit in three sentences
shown            how a fit looks
target           the number that is asked of a law
bad_runs/        single runs and budgets that do not belong
fit              the verb and its result
profile          profile intervals
saved            a fit as a file
every_loss       one law fitted to several losses
approaches/      envelope and parabolas
check/           every finding about a fit
"""
