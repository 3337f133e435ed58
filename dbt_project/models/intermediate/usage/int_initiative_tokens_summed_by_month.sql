select
    {{ fiscal_period('usage.usage_date') }} as fiscal_period,
    usage.initiative_id,
    cast(coalesce(sum(usage.quantity) filter (where usage.unit = 'tokens'), 0) as decimal(38, 9)) as tokens,
    cast(coalesce(
        sum(usage.quantity) filter (where usage.unit = 'tokens' and usage.token_class not like '%output'), 0
    ) as decimal(38, 9)) as input_tokens,
    cast(coalesce(sum(usage.quantity) filter (where usage.token_class like '%cache_read'), 0) as decimal(38, 9))
        as cache_read_tokens,
    cast(coalesce(
        sum(usage.quantity) filter (where usage.unit = 'tokens' and usage.token_class like '%output'), 0
    ) as decimal(38, 9)) as output_tokens,
    cast(coalesce(sum(usage.quantity) filter (
        where usage.unit = 'tokens' and covered.initiative_id is not null
    ), 0) as decimal(38, 9)) as compared_tokens
from {{ ref('int_usage_attributed') }} as usage
left join {{ ref('int_initiative_units_covered') }} as covered
    on usage.initiative_id = covered.initiative_id
    and usage.usage_date between covered.covered_from and covered.covered_to
where usage.initiative_id is not null
group by all
