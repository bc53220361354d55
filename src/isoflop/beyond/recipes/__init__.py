"""Recipes' runs → how many times the compute one is worth, whether that lasts, and what is the better buy."""

from isoflop.beyond.recipes.prices import Option, Price, Prices, Worth
from isoflop.beyond.recipes.recipes import recipes
from isoflop.beyond.recipes.result import Contest, Recipes, Row

__all__ = ["Contest", "Option", "Price", "Prices", "Recipes", "Row", "Worth", "recipes"]
