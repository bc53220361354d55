"""Recipes' runs → how many times the compute one is worth, whether that lasts, and what is the better buy."""

from isoflop.recipes.contest import Contest, Recipes, Row
from isoflop.recipes.verb import recipes
from isoflop.recipes.worth import Option, Price, Prices, Worth

__all__ = ["Contest", "Option", "Price", "Prices", "Recipes", "Row", "Worth", "recipes"]
