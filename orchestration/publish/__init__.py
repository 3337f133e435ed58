"""What everyone else reads: a whole, checked copy of the marts, swapped in at one instant. Decides nothing, computes
nothing.
"""
