select
    {{ all_but(['valid_from', 'valid_to']) }},
    {{ effective_bounds() }}
from {{ ref('stg_registry__products') }}
