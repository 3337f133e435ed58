"""Telling people: what a message says, where it goes, and that it goes there once. Decides nothing about money or
gates.
"""
