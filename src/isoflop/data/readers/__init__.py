"""Readers: every kind of source becomes the one table, Runs."""
