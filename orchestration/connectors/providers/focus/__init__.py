"""Cloud bills as files in the FOCUS shape (Bedrock, Azure OpenAI, Vertex)."""
