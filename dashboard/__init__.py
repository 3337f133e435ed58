"""The dashboard: static pages written at publication. Reads one publication, writes HTML; imports nothing of what computes."""
