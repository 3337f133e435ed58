select
    {{ fiscal_period('usage_date') }} as fiscal_period,
    initiative_id,
    cast(coalesce(sum(quantity) filter (where unit = 'tokens'), 0) as decimal(38, 9)) as tokens,
    cast(coalesce(sum(quantity) filter (where unit = 'tokens' and token_class not like '%output'), 0) as decimal(38, 9))
        as input_tokens,
    cast(coalesce(sum(quantity) filter (where token_class like '%cache_read'), 0) as decimal(38, 9))
        as cache_read_tokens,
    cast(coalesce(sum(quantity) filter (where unit = 'tokens' and token_class like '%output'), 0) as decimal(38, 9))
        as output_tokens
from {{ ref('int_usage_attributed') }}
where initiative_id is not null
group by all
