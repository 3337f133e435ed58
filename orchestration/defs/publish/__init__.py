"""Marts to everyone else: the atomic publication and the summary of it."""
