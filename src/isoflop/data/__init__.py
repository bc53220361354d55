"""Every source of runs becomes the one table, Runs.

limits      how much is read of anything
remembered  the last answers to the same runs
packed      what finished runs of a study left, in zip files
metric      what was measured, if it is no loss
runs/       the table, its columns, its findings
readers/    files, folders of logs, trackers
datasets/   named public tables
question    what a table lacks, as one question
read        a source → Runs
each_loss   a table with several losses → the runs of each
"""
