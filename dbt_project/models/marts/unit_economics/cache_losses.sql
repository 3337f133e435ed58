{# A change of a prompt or of a client may break the cache at once and without a sound. Seven days on either side of a
   day are compared, each with input on at least five. Of neighbouring days the one with the largest fall is the day of
   the change, if it is nearer to what follows than to what was before. What is lost a month: the tokens that would have been read from the cache at the earlier hit ratio, at
   what a read saved in the seven days before. A change to another model shows in no model of its own: so the models of an
   owner stand together as well, without model_id, where none of them fell within six days of it. New work that reads
   little from the cache takes nothing away: together they lose no more than the reads that are gone. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

by_model as (

    select * from {{ ref('int_cached_input_valued_by_day') }}
    where input_tokens > 0

),

days as (

    select
        usage_date, provider, model_id, initiative_id, department_id, input_tokens, cache_read_tokens, read_saving,
        true as is_one_model
    from by_model
    union all
    select
        usage_date, null, null, initiative_id, department_id, sum(input_tokens), sum(cache_read_tokens),
        case when count(*) = count(read_saving) then sum(read_saving) end, false
    from by_model
    group by usage_date, initiative_id, department_id

),

windows as (

    select
        usage_date, provider, model_id, initiative_id, department_id, is_one_model,
        cast(cache_read_tokens as double) / cast(input_tokens as double) as hit_ratio,
        count(*) over earlier as earlier_days,
        sum(input_tokens) over earlier as earlier_input_tokens,
        sum(cache_read_tokens) over earlier as earlier_read_tokens,
        sum(read_saving) over earlier as earlier_saving,
        count(*) over earlier = count(read_saving) over earlier as is_saving_known,
        count(*) over later as later_days,
        sum(input_tokens) over later as later_input_tokens,
        sum(cache_read_tokens) over later as later_read_tokens,
        sum(case when usage_date > run_parameters.as_of_date - 7 then input_tokens end) over whole
            as latest_input_tokens,
        sum(case when usage_date > run_parameters.as_of_date - 7 then cache_read_tokens end) over whole
            as latest_read_tokens,
        run_parameters.as_of_date
    from days
    cross join run_parameters
    window
        earlier as (
            partition by is_one_model, provider, model_id, initiative_id, department_id order by usage_date
            range between interval 7 day preceding and interval 1 day preceding
        ),
        later as (
            partition by is_one_model, provider, model_id, initiative_id, department_id order by usage_date
            range between current row and interval 6 day following
        ),
        whole as (
            partition by is_one_model, provider, model_id, initiative_id, department_id order by usage_date
            rows between unbounded preceding and unbounded following
        )

),

compared as (

    select
        *,
        cast(earlier_read_tokens as double) / cast(earlier_input_tokens as double) as ratio_before,
        cast(later_read_tokens as double) / cast(later_input_tokens as double) as ratio_after,
        cast(latest_read_tokens as double) / cast(latest_input_tokens as double) as ratio_latest,
        {{ as_whole('earlier_read_tokens') }} as earlier_reads,
        least(
            {{ wide_quotient(
                as_whole('later_input_tokens') ~ ' * ' ~ as_whole('earlier_read_tokens'),
                as_whole('earlier_input_tokens')
            ) }} - {{ as_whole('later_read_tokens') }},
            case when not is_one_model
                then {{ as_whole('earlier_read_tokens') }} - {{ as_whole('later_read_tokens') }}
            end
        ) as lost_reads
    from windows
    where earlier_days >= 5 and later_days >= 5 and usage_date + 6 <= as_of_date

),

falls as (

    select
        *,
        ratio_before - ratio_after as fall,
        max(ratio_before - ratio_after) over (
            partition by is_one_model, provider, model_id, initiative_id, department_id order by usage_date
            range between interval 6 day preceding and interval 1 day preceding
        ) as deepest_before,
        max(ratio_before - ratio_after) over (
            partition by is_one_model, provider, model_id, initiative_id, department_id order by usage_date
            range between interval 1 day following and interval 6 day following
        ) as deepest_after
    from compared

),

changes as (

    select *
    from falls
    where fall > 0.10
        and lost_reads * 10 > case when is_one_model then 0 else earlier_reads end
        and hit_ratio * 2 < ratio_before + ratio_after
        and fall > coalesce(deepest_before, 0)
        and fall >= coalesce(deepest_after, 0)

)

select
    usage_date as changed_on,
    provider,
    model_id,
    initiative_id,
    department_id,
    ratio_before as cache_hit_ratio_before,
    ratio_after as cache_hit_ratio_after,
    ratio_latest as cache_hit_ratio_latest,
    {{ money('later_input_tokens') }} as input_tokens_after,
    case when is_saving_known
        then {{ fine_money(
            'case when earlier_saving < 0 then -1 else 1 end * cast(' ~ wide_quotient(
                product_quotient(to_pico('earlier_saving'), 'lost_reads', 'earlier_reads') ~ ' * 36525', '8400'
            ) ~ ' as decimal(38, 0))'
            ~ ' * cast(0.000000000001 as decimal(12, 12))'
        ) }}
    end as lost_amount_monthly,
    case
        when ratio_latest is null then 'ended'
        when ratio_latest * 2 >= ratio_before + ratio_after then 'recovered'
        else 'lost'
    end as status,
    {{ reporting_currency() }} as reporting_currency
from changes
where is_one_model
    or not exists (
        select 1
        from changes as of_a_model
        where of_a_model.is_one_model
            and of_a_model.initiative_id is not distinct from changes.initiative_id
            and of_a_model.department_id is not distinct from changes.department_id
            and abs({{ days_between('changes.usage_date', 'of_a_model.usage_date') }}) <= 6
    )
