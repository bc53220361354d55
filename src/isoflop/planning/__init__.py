"""A budget → what to train: parameters, tokens, batch, rate, shape, time, money, each with its interval.

demand             what there is to spend and what bounds it
keywords           the same, as plan and frontier take it
limits             limits that a curve's source states
hyperparameters    published laws of batch and rate
optimum            the best size and its interval
landmarks/         published models against a frontier
gains_and_regrets  what more would bring, what another law costs
result             Plan and Sheet
frame              what has ever been trained, what borrowed numbers rest on
run_sheet          the run in detail
plan               one budget
frontier           many budgets
tiers              several sizes from one budget, and what serving each costs
export             plan.toml, study.toml
sensitivity/       one budget by every defensible way
"""
