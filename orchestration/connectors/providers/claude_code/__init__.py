"""Claude Code analytics of an Anthropic organization: what each developer did with it, by UTC day."""
