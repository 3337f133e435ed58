"""Graduation: what dbt built becomes the facts of five gates, and their answers day by day become readiness.

``inputs`` reads the warehouse into ``records``, ``evaluate`` walks through the days, ``gates`` decides on frozen facts.
"""
