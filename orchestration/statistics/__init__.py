"""Estimators that need a statistics library, on arrays alone: stability, run-rate interval, forecast, variance.

Nothing here reads a warehouse; what is read, and landed, is in ``orchestration.run_rate`` and ``orchestration.graduation``.
Arithmetic that SQL can do belongs in dbt; decisions belong in ``orchestration.policy``.
"""
