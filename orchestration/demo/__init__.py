"""The simulated demo company. It is invented: no person, customer, bill or token in it is real.

A seeded simulator plants known truths (``traffic``, ``gateway_calls``, ``billing``, ``finance``), a writer lays them
down as a company folder (``company_folder``), a loopback server speaks the providers' real contracts about them
(``server``), and ``truth`` says what a correct warehouse must make of them. README.md lists the plants.
"""
