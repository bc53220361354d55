"""A law and runs → Fit: optimum, draws, what is determined, what is to be doubted.

optimise/        objective, problem, starts, descent
draws            curves that the data also allow
identifiability  what the runs do not determine
summary          a fit in three sentences
shown            how a fit looks
fit              the verb and its result
profile          profile intervals
saved            a fit as a file
every_loss       one law fitted to several losses
approaches/      envelope and parabolas
check/           every finding about a fit
"""
