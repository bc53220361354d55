"""A formula as a tree: parsed, differentiated, written; a law is a formula with kinds, a curve a law with numbers.

arrays    what numerical files share: types of arrays, bisection
schedule  learning-rate schedules
tree      the nodes of a formula
write     tree → text, LaTeX, JavaScript
parse     text → tree, by an allow-list
dual      numbers with exact derivatives
roles     what each name of a typed formula is
law       Law, Curve
several   several curves together
surface   laws that say one loss, each by its share
value     what a curve gives at some inputs
"""
