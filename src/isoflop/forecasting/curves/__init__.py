"""The loss of a run as it trains: its curve, its schedule, and the laws that foretell the rest of it.

loss_curve        the rows of a log
schedules         the learning rate at every step
responses         what the falls of the rate bring, in blocks of steps
schedule_fit      laws of whole schedules, fitted to runs
schedule_law      a law of schedules fitted to named curves
average           several forecasts of one curve, weighed by what they missed
unknown_schedule  a curve by its own trend
known_schedule    a curve by laws of its schedule
spikes            rises that came back
logged            the rows of a log, or of many
sized             a curve on the scale of its run's length
annealing         what a schedule did to a curve
surface           Chinchilla's sum through checkpoints
collapse          the curves of smaller runs → that of a larger one
deviation         how a run may lie beside it
"""
