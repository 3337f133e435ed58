{# Healthy margins hide drift: tokens per unit going up, cache hits going down, retries wasting money. drift_cost is
   the cost of this month's days with known units less what its units would have cost at the unit cost of the month before, never below zero. #}
with

economics as (

    select * from {{ ref('unit_economics_by_initiative_month') }}

),

tokens as (

    select * from {{ ref('int_initiative_tokens_summed_by_month') }}

),

retries as (

    select * from {{ ref('int_initiative_retries_summed_by_month') }}

),

measured as (

    select
        economics.*,
        case
            when economics.units > 0 then cast(tokens.compared_tokens as double) / cast(economics.units as double)
        end as intensity,
        retries.failed_ratio as retry_cost_ratio
    from economics
    left join tokens
        on economics.fiscal_period = tokens.fiscal_period and economics.initiative_id = tokens.initiative_id
    left join retries
        on economics.fiscal_period = retries.fiscal_period and economics.initiative_id = retries.initiative_id

),

compared as (

    select
        measured.*,
        before.intensity as prior_intensity,
        before.cache_hit_ratio as prior_cache_hit_ratio,
        before.cost_per_unit as prior_cost_per_unit
    from measured
    left join measured as before
        on measured.initiative_id = before.initiative_id
        and before.fiscal_period
        = {{ fiscal_period("cast(measured.fiscal_period || '-01' as date) - interval 1 month") }}

),

changes as (

    select
        *,
        intensity / nullif(prior_intensity, 0) - 1 as intensity_change_ratio,
        cache_hit_ratio - prior_cache_hit_ratio as cache_hit_change_ratio,
        case when prior_cost_per_unit is not null and units is not null
            then greatest(compared_cost - prior_cost_per_unit * units, 0)
        end as drift_cost
    from compared

)

select
    fiscal_period,
    initiative_id,
    intensity_change_ratio,
    cache_hit_change_ratio,
    retry_cost_ratio,
    {{ fine_money('drift_cost') }} as drift_cost,
    case
        when intensity_change_ratio is null and cache_hit_change_ratio is null then 'insufficient'
        when coalesce(intensity_change_ratio, 0) > 0.10
            or coalesce(cache_hit_change_ratio, 0) < -0.10
            or coalesce(retry_cost_ratio, 0) > 0.05 then 'drifting'
        else 'steady'
    end as status,
    reporting_currency
from changes
