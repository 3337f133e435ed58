"""Where a cost is heading and why it moved: run-rates by day, forecasts, variance between months, cost against headcount.

Each module reads tables that dbt built, hands arrays to ``orchestration.statistics`` and lands rows for dbt.
"""
