"""How well the runaway-loop detector does on a real trace with injected loops."""
