"""departments.yaml, products.yaml, customers.yaml: optional names and hierarchy for what other files refer to."""

from orchestration.registry.fields import Complexity, MarginRatio, Ratio, Record, Text


class Department(Record):
    department_id: Text
    name: Text | None = None
    business_unit: Text | None = None
    function: Text | None = None
    default_complexity: Complexity | None = None


class Product(Record):
    product_id: Text
    name: Text | None = None
    product_line: Text | None = None
    business_unit: Text | None = None
    target_gross_margin_ratio: Ratio | None = None
    margin_floor_ratio: MarginRatio | None = None


class Customer(Record):
    customer_id: Text
    name: Text | None = None
