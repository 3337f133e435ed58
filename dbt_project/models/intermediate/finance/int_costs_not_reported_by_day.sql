with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

costs as (

    select distinct
        provider,
        source,
        cost_date,
        cost_class,
        product_id,
        coalesce(customer_id, '(unattributed)') as customer_id,
        initiative_id
    from {{ ref('int_costs_classified') }}

),

provider_sources as (

    select distinct provider, source from costs
    union
    select distinct provider, source from {{ ref('int_usage_keys_numbered') }}

),

judged_days as (

    select
        provider_sources.provider,
        judged.source_date,
        bool_or(judged.is_complete) as is_complete
    from {{ ref('int_source_days_judged') }} as judged
    inner join provider_sources
        on judged.source = provider_sources.source
        and (judged.provider is null or judged.provider = provider_sources.provider)
    group by provider_sources.provider, judged.source_date

),

cost_days as (

    select distinct provider, cost_date from costs

),

provider_days as (

    select
        bounds.provider,
        {{ dates_from('bounds.first_date', 'run_parameters.as_of_date') }} as cost_date
    from (select provider, min(cost_date) as first_date from cost_days group by provider) as bounds
    cross join run_parameters

),

reported as (

    select
        provider_days.provider,
        provider_days.cost_date,
        cost_days.cost_date is not null or coalesce(judged_days.is_complete, true) as is_reported
    from provider_days
    left join cost_days
        on provider_days.provider = cost_days.provider and provider_days.cost_date = cost_days.cost_date
    left join judged_days
        on provider_days.provider = judged_days.provider and provider_days.cost_date = judged_days.source_date

),

counted as (

    select
        *,
        sum(case when is_reported then 1 else 0 end) over (partition by provider order by cost_date) as reported_days
    from reported

),

owned as (

    {% for entity in ['product', 'customer', 'initiative'] -%}
    select '{{ entity }}' as entity_type, {{ entity }}_id as entity_id, provider, cost_date
    from costs
    where cost_class = 'cost_of_goods_sold' and {{ entity }}_id is not null
    {% if not loop.last %}union{% endif %}
    {% endfor %}

),

owner_days as (

    select
        owned.entity_type,
        owned.entity_id,
        counted.provider,
        counted.reported_days,
        min(counted.reported_days) over (
            partition by owned.entity_type, owned.entity_id, counted.provider
        ) as first_reported
    from owned
    inner join counted on owned.provider = counted.provider and owned.cost_date = counted.cost_date

),

expected as (

    select
        owner_days.entity_type,
        owner_days.entity_id,
        counted.cost_date
    from counted
    inner join owner_days
        on counted.provider = owner_days.provider
        and owner_days.reported_days > counted.reported_days - 28
        and owner_days.reported_days <= counted.reported_days
    where not counted.is_reported
    group by
        owner_days.entity_type, owner_days.entity_id, owner_days.first_reported, counted.provider, counted.cost_date,
        counted.reported_days
    having 2 * count(*) >= least(28, counted.reported_days - owner_days.first_reported + 1)

),

-- revenue may be older than anything that was read of AI cost
first_covered as (

    select least(
        (select min(cost_date) from costs),
        (select min(source_date) from {{ ref('int_source_days_judged') }} where is_complete)
    ) as first_date

),

days_before as (

    select {{ dates_from('revenue.first_date', 'first_covered.first_date - 1') }} as cost_date
    from (select min(revenue_date) as first_date from {{ ref('int_revenue_recognised_by_day') }}) as revenue
    cross join first_covered
    where revenue.first_date < first_covered.first_date

)

select distinct
    entity_type,
    entity_id,
    cost_date
from expected
union all
select
    owners.entity_type,
    owners.entity_id,
    days_before.cost_date
from (select distinct entity_type, entity_id from owned) as owners
cross join days_before
