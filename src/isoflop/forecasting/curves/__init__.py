"""The loss of a run as it trains: its curve, its schedule, and the laws that foretell the rest of it.

loss_curve        the rows of a log
schedules         the learning rate at every step
responses         what the falls of the rate bring, in blocks of steps
schedule_fit      laws of whole schedules, fitted to runs
average           several forecasts of one curve, weighed by what they missed
unknown_schedule  a curve by its own trend
known_schedule    a curve by laws of its schedule
"""
