"""The gates as pure functions: frozen facts in, a result with its reason and evidence out."""
