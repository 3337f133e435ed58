"""Readers of outside systems. Plain Python: exact text in, typed records out; nothing here imports the orchestrator."""
