"""tokenomics: the warehouse finance teams trust for what they pay for AI by the token."""
