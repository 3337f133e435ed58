"""Every provider and gateway that can be read, in the order in which they are shown. A new one adds its descriptor here."""

from orchestration.connectors.providers.anthropic import source as anthropic
from orchestration.connectors.providers.claude_code import source as claude_code
from orchestration.connectors.providers.focus import source as focus
from orchestration.connectors.providers.litellm import source as litellm
from orchestration.connectors.providers.merge_gateway import source as merge_gateway
from orchestration.connectors.providers.openai import source as openai
from orchestration.connectors.providers.openrouter import source as openrouter

SOURCES = tuple(module.SOURCE for module in (openai, anthropic, claude_code, openrouter, merge_gateway, litellm, focus))
SOURCES_BY_NAME = {source.name: source for source in SOURCES}
