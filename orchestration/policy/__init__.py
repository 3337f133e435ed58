"""Decisions as pure functions on frozen records: no warehouse, no clock, no network.

Each decision says what it rests on: a status, the value against its threshold, the reason in words and an evidence id.
"""
