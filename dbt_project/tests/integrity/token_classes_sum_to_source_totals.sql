{# Disjoint classes: per source and UTC day the token classes sum to the total that the source itself reports,
   difference zero. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

openai_tokens as (

    select cast(usage_start_at as date) as billing_date, input_tokens + output_tokens as tokens
    from {{ ref('stg_openai__usage_completions') }}
    union all
    select billing_date, quantity
    from {{ ref('stg_openai__usage_other') }}
    where unit = 'tokens'

),

reported as (

    select 'openai' as source, billing_date, sum(tokens) as tokens
    from openai_tokens
    group by all
    union all
    select 'openrouter', cost_date, sum(prompt_tokens + completion_tokens)
    from {{ ref('stg_openrouter__activity') }}
    group by all
    union all
    select
        'anthropic', cast(usage_start_at as date),
        sum(
            uncached_input_tokens + cache_creation_5m_input_tokens + cache_creation_1h_input_tokens
            + cache_read_input_tokens + output_tokens
        )
    from {{ ref('stg_anthropic__usage') }}
    group by all

),

classed as (

    select source, billing_date, sum(quantity) as tokens
    from {{ ref('fct_usage') }}
    where unit = 'tokens'
    group by all

)

select
    reported.source,
    reported.billing_date,
    reported.tokens as reported_tokens,
    classed.tokens as classed_tokens
from reported
cross join run_parameters
left join classed
    on reported.source = classed.source and reported.billing_date = classed.billing_date
where reported.billing_date < run_parameters.as_of_date
    and reported.tokens <> coalesce(classed.tokens, 0)
