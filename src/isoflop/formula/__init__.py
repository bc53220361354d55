"""A formula as a tree: parsed, differentiated, written; a law is a formula with kinds, a curve a law with numbers.

schedule  learning-rate schedules
tree      the nodes of a formula
write     tree → text, LaTeX, JavaScript
parse     text → tree, by an allow-list
dual      numbers with exact derivatives
law       Law, Curve, several curves
"""
