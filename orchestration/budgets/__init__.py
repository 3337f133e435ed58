"""The budget ledger: append-only double-entry movements, what schedules them, and the commands that book them.

Belongs here: movements and their rules (pure), the journal that keeps them, reading the facts they rest on, landing
them. Does not: gates and run-rates (statistics, policy), the status of budgets (dbt).
"""
