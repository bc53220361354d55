"""The numbers of a forecast that were chosen by measurement, each with its unit and its reason.

All were chosen on one list of papers and are reported on another, neither of which they share a run with:
benchmarks/truth.py has both lists, prints the table of these numbers, and says how much each one matters.
"""

GENTLE, STEEP = 0.5, 1.5
"""Powers of compute by which a run counts in a fit: that of the valley, and that of the coupled law.

The small runs are what no law describes, and the steeper the weight, the less a forecast far out follows them;
the more it hangs on the few largest. No one power is best at all distances, so each law takes another."""
FORGOTTEN = 6.0
"""Standard deviations off the curve at which a run no longer counts at all (Tukey's biweight)."""
TAIL = 0.8
"""A new run's noise is read off this share of the residuals too: real ones have longer tails than a normal."""

ELSEWHERE = 10.0
"""By how much wider the priors are for a metric that is no loss of a language model, on which they were learnt."""

EXPECTED, PRIOR_TESTS = 0.01, 3.0
"""Before any backtest a member is taken to be 1 % off, as if three budgets had said so."""
DRIFT = 0.01
"""What log loss may drift away from every law, per decade of extrapolation: one standard deviation."""

PRIOR_SCALE, PRIOR_ORIGINS = 0.8, 24.0
"""Past errors over the width they were given, as public tables have them, and as how many origins that counts."""
CLIPPED_SCALE = 4.0
"""The largest past error, in widths, that counts: one bad run among those held out would widen every interval."""

SIZE_OFF, SIZE_DRIFT, SIZE_APART = 0.08, 0.25, 0.5
"""How far log N of a plan is off at best, and what is added for a decade of compute: standard deviations; and the
share of the laws' own variance about it that counts. The drift was chosen on the RefinedWeb sweeps of Porian et al.,
where 90 % intervals now hold 85 % of held-out lowest points, and 87 % on all others (benchmarks/sizes.py)."""
