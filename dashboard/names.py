"""What people call a key, an initiative, a product or a department: the names of the published dimensions, else the id.

A token hash is nobody's name: where no name is known its first twelve characters stand for it, marked as unnamed.
"""

from dataclasses import dataclass

from dashboard.publication import Publication

KEYS = "select api_key_id as id, max(name) as name from dim_api_keys where name is not null group by api_key_id"
INITIATIVES = "select initiative_id as id, name from dim_initiatives where is_current"
PRODUCTS = "select product_id as id, name from dim_products where is_current"
DEPARTMENTS = "select department_id as id, name from dim_departments where is_current"
LONGEST_ID, PREFIX = 32, 12
"""An id longer than that is a hash; as many of its characters are shown."""


@dataclass(frozen=True)
class Names:
    """Ids to names, by kind."""

    keys: dict[str, str]
    initiatives: dict[str, str]
    products: dict[str, str]
    departments: dict[str, str]

    def key(self, api_key_id: str | None) -> str:
        if api_key_id is None:
            return "no key"
        if api_key_id in self.keys:
            return self.keys[api_key_id]
        return api_key_id if len(api_key_id) <= LONGEST_ID else f"{api_key_id[:PREFIX]} (unnamed key)"

    def initiative(self, initiative_id: str | None) -> str | None:
        return None if initiative_id is None else self.initiatives.get(initiative_id, initiative_id)

    def product(self, product_id: str | None) -> str | None:
        return None if product_id is None else self.products.get(product_id, product_id)

    def department(self, department_id: str | None) -> str | None:
        return None if department_id is None else self.departments.get(department_id, department_id)

    def entity(self, entity: str) -> str:
        """An entity as guardrails write it, ``key:<id>`` or a product alone, in words."""
        kind, found, name = entity.partition(":")
        if not found:
            return self.product(entity) or entity
        named = {"key": self.key, "initiative": self.initiative}.get(kind)
        return f"{kind} {named(name) if named else name}"


def read_names(publication: Publication) -> Names:
    return Names(
        _read(publication, "dim_api_keys", KEYS),
        _read(publication, "dim_initiatives", INITIATIVES),
        _read(publication, "dim_products", PRODUCTS),
        _read(publication, "dim_departments", DEPARTMENTS),
    )


def _read(publication: Publication, table: str, text: str) -> dict[str, str]:
    return {row["id"]: row["name"] for row in publication.rows(table, text) if row["id"] and row["name"]}
