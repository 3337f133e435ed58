"""Estimators that need a statistics library: stability, run-rate with its interval, operating characteristics.

Pure functions on arrays, and one module (``evaluate``) that reads the warehouse and lands the results for dbt.
Arithmetic that SQL can do belongs in dbt; decisions belong in ``orchestration.policy``.
"""
