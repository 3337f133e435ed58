"""Landing into marts: prices, dbt before statistics, statistics, dbt after them."""
