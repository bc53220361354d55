"""The best optimum of a law on runs: objective, problem, starts, batched descent, search."""
