"""Anthropic's Admin and Analytics API: hourly token usage, daily billed costs, and the names of workspaces, users and
keys.
"""
