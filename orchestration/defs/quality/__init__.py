"""Blocking checks of what was landed, before anything is built from it."""
