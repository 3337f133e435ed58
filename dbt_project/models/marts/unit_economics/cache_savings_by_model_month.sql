{# What reading from the cache and writing to it saved, at list prices: the same tokens as uncached input, less what
   they cost. A write dearer than uncached input counts against it. #}
select
    {{ fiscal_period('usage_date') }} as fiscal_period,
    provider,
    model_id,
    initiative_id,
    department_id,
    {{ money('sum(input_tokens)') }} as input_tokens,
    {{ money('sum(cache_read_tokens)') }} as cache_read_tokens,
    {{ money('sum(cache_write_tokens)') }} as cache_write_tokens,
    case when sum(input_tokens) > 0
        then cast(sum(cache_read_tokens) as double) / cast(sum(input_tokens) as double)
    end as cache_hit_ratio,
    {{ fine_money('sum(input_list_cost)') }} as input_list_cost,
    case when count(*) = count(uncached_list_cost) then {{ fine_money('sum(uncached_list_cost)') }} end
        as uncached_list_cost,
    case when count(*) = count(uncached_list_cost)
        then {{ fine_money('sum(uncached_list_cost) - sum(input_list_cost)') }}
    end as saved_amount,
    {{ reporting_currency() }} as reporting_currency
from {{ ref('int_cached_input_valued_by_day') }}
group by all
