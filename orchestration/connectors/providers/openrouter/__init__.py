"""OpenRouter's activity: tokens and spend by UTC day, key, model and endpoint."""
