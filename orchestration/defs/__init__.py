"""The graph: every asset, check, job, sensor and schedule, loaded from this folder. No arithmetic here, and no rule."""
