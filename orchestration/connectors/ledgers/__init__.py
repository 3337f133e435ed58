"""The drop folder of the finance systems: ``ledgers/`` of the company folder, by prefix of the file name."""
