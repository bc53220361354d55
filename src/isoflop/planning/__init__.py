"""A budget → what to train: parameters, tokens, batch, rate, shape, time, money, each with its interval.

demand             what there is to spend and what bounds it
hyperparameters    published laws of batch and rate
optimum            the best size and its interval
gains_and_regrets  what more would bring, what another law costs
result             Plan and Sheet
run_sheet          the run in detail
plan               one budget
frontier           many budgets
export             plan.toml, study.toml
sensitivity/       one budget by every defensible way
landmarks/         published models against a frontier
"""
