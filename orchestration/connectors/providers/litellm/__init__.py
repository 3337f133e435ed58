"""The LiteLLM gateway: its spend log, from files or its API, and what it says about capped keys and teams."""
