"""departments.yaml, products.yaml, customers.yaml: optional names and hierarchy for what other files refer to."""

from orchestration.registry.fields import Complexity, MarginRatio, Ratio, Record, Text


class Department(Record):
    department_id: Text
    """As other files name it."""
    name: Text | None = None
    """Name as it is shown."""
    business_unit: Text | None = None
    """Business unit it belongs to."""
    function: Text | None = None
    """Function, like engineering or sales."""
    default_complexity: Complexity | None = None
    """Complexity of its initiatives that state none."""


class Product(Record):
    product_id: Text
    """As other files name it."""
    name: Text | None = None
    """Name as it is shown."""
    product_line: Text | None = None
    """Product line it belongs to."""
    business_unit: Text | None = None
    """Business unit it belongs to."""
    target_gross_margin_ratio: Ratio | None = None
    """Gross margin to reach; default that of its initiatives, then the policy's."""
    margin_floor_ratio: MarginRatio | None = None
    """Gross margin below which the circuit breaker acts; default the policy's."""


class Customer(Record):
    customer_id: Text
    """As other files name it."""
    name: Text | None = None
    """Name as it is shown."""
