"""Checks: blocking ones of what was landed, before anything is built from it, and warnings about amounts that stay open."""
