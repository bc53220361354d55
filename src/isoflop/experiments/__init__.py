"""Small runs that teach the most: designed, run, resumed, verified.

register/   forecasts frozen before their runs, scored after them
design/     which runs to train next
study/      a sweep on disk
launchers/  this machine, Slurm, Ray, a script
trainer/    the reference trainer
verify/     the loop closed
watch/      a run beside the curve foretold for it
"""
