"""Enforcement: what a gateway has in force, what it should have, and the proof that it has.

observe -> plan -> apply -> verify, and revert. What is decided stands in :mod:`orchestration.policy`; nothing here decides.
"""
