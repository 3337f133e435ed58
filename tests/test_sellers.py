"""One name per seller: the table in Python and in dbt is one, and says the same."""

import duckdb
import pytest

from orchestration.sellers import seller_of
from tests.dbt_project.compiled_models import compiled_sql

NAMES = {
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "Bedrock*": "aws",
    "sagemaker_chat": "aws",
    "Amazon Web Services": "aws",
    "vertex_ai": "google",
    "vertex_ai-anthropic_models": "google",
    "gemini": "google",
    "Google Cloud": "google",
    "azure_ai": "azure",
    "azure_text": "azure",
    " Microsoft ": "azure",
    "text-completion-openai": "openai",
    "OpenAI": "openai",
    "cohere_chat": "cohere",
    "mistral": "mistral",
    "somebody_else": "somebody_else",
    "*": "*",
}


@pytest.mark.parametrize(("name", "seller"), NAMES.items())
def test_a_name_means_one_seller(name, seller):
    assert seller_of(name) == seller
    assert seller_of(seller) == seller, "the seller's own name stays"


def test_staging_says_the_same():
    sql = compiled_sql("stg_merge_gateway__usage")
    mapped = sql.split("coalesce(case", 1)[1].split(", 'unknown')", 1)[0]
    with duckdb.connect() as connection:
        for name, seller in NAMES.items():
            assert connection.execute(f"select case {mapped} from (select ? as vendor)", [name]).fetchone() == (seller,)
