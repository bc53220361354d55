"""Beyond the loss of finished runs; no room here imports another.

finish/      a run in progress → its end
recipes/     what one recipe is worth against another
downstream/  loss → accuracy
emergence/   a jump in the model or in the metric
tune/        a sweep of hyperparameters → the best at each size
mix/         shares of sources → the best mixture
test_time/   what more samples bring and cost
"""
