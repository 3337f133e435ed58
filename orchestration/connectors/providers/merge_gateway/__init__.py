"""Merge Gateway's usage: spend and tokens by UTC day, project and model."""
