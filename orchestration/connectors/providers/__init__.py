"""One package per provider of usage or cost: its client, its records and its ``extract``."""
