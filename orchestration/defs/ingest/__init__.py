"""Sources into landing: one asset per landed stream, grouped by the read that lands it."""
