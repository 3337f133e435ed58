"""How fast, how large and how right a whole run is on a gateway log of any size, against a hand-written program.

Nothing here is part of the product: orchestration/ never imports it, and it reads only what a run publishes.
"""
