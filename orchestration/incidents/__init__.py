"""Runaway loops and slow drips in the gateway's history, found as they would have been at the time."""
