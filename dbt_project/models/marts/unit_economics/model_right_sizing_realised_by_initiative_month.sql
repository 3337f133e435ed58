{# After a change to cheaper models: what the audit claimed for the latest month above the limit, beside what was
   saved since. Both are scaled to the later month by units of work, so that a cheaper model that needs more tokens
   is found out; by tokens only where no units are known. #}
with

audits as (

    select * from {{ ref('model_right_sizing_by_initiative_month') }}

),

economics as (

    select * from {{ ref('unit_economics_by_initiative_month') }}

),

tokens as (

    select * from {{ ref('int_initiative_tokens_summed_by_month') }}

),

months as (

    select
        audits.*,
        economics.units,
        tokens.tokens,
        cast(audits.higher_tier_cost as double) / cast(audits.actual_cost as double) as higher_tier_ratio,
        audits.higher_tier_cost
        > audits.actual_cost * {{ policy_value('audit_max_higher_tier_ratio', 'decimal(10, 9)') }} as is_above_limit
    from audits
    left join economics
        on audits.fiscal_period = economics.fiscal_period and audits.initiative_id = economics.initiative_id
    left join tokens
        on audits.fiscal_period = tokens.fiscal_period and audits.initiative_id = tokens.initiative_id
    where audits.actual_cost > 0

),

since_change as (

    select
        *,
        max(case when is_above_limit then fiscal_period end) over (
            partition by initiative_id order by fiscal_period rows between unbounded preceding and 1 preceding
        ) as baseline_period
    from months

),

compared as (

    select
        later.fiscal_period,
        later.initiative_id,
        later.baseline_period,
        baseline.higher_tier_ratio as baseline_higher_tier_ratio,
        later.higher_tier_ratio,
        case when later.units is not null and baseline.units > 0 then 'units' else 'tokens' end as scale_basis,
        cast(case when later.units is not null and baseline.units > 0
            then {{ cost_per('later.units', 'baseline.units') }}
            else {{ cost_per('later.tokens', 'baseline.tokens') }}
        end as decimal(18, 9)) as scale_ratio,
        baseline.actual_cost as baseline_cost,
        baseline.saving_low,
        baseline.saving_high,
        later.actual_cost,
        later.reporting_currency
    from since_change as later
    inner join months as baseline
        on later.initiative_id = baseline.initiative_id and later.baseline_period = baseline.fiscal_period
    where not later.is_above_limit

),

scaled as (

    select
        *,
        {{ fine_money('baseline_cost * scale_ratio') }} as cost_at_earlier_mix,
        {{ fine_money('saving_low * scale_ratio') }} as claimed_saving_low,
        {{ fine_money('saving_high * scale_ratio') }} as claimed_saving_high
    from compared

)

select
    fiscal_period,
    initiative_id,
    baseline_period,
    baseline_higher_tier_ratio,
    higher_tier_ratio,
    scale_basis,
    cast(scale_ratio as double) as scale_ratio,
    cost_at_earlier_mix,
    actual_cost,
    {{ fine_money('cost_at_earlier_mix - actual_cost') }} as realised_saving,
    claimed_saving_low,
    claimed_saving_high,
    case
        when cost_at_earlier_mix - actual_cost < claimed_saving_low then 'below_claim'
        when cost_at_earlier_mix - actual_cost > claimed_saving_high then 'above_claim'
        when claimed_saving_low is not null and claimed_saving_high is not null then 'within_claim'
        else 'unknown'
    end as status,
    reporting_currency
from scaled
