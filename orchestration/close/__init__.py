"""The close of a fiscal period: its published rows are frozen, and what comes later is booked in the open period."""
