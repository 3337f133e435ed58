with

people as (

    select
        *,
        coalesce(valid_from, date '0001-01-01') as effective_from,
        lead(valid_from) over (partition by actor_id order by coalesce(valid_from, date '0001-01-01'))
            as next_valid_from
    from {{ ref('stg_ledgers__people') }}

)

select
    {{ all_but(['valid_from', 'valid_to', 'next_valid_from']) }},
    coalesce(valid_to, next_valid_from, date '9999-12-31') as effective_to
from people
