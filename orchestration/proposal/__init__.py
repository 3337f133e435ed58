"""A company folder proposed from files that the user has: what they are, how they are read, and what could not be decided."""
