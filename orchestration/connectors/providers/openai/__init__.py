"""OpenAI's organization API: hourly token usage, daily billed costs, and the names of projects, users and keys."""
