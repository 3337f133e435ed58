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
    having count(*) >= 7 and 2 * count(*) >= least(28, counted.reported_days - owner_days.first_reported + 1)

),

-- of a provider whose bill is one of several accounts, who is on it, by day
bill_days as (

    select
        billed.provider,
        billed.account_id,
        billed.cost_date,
        {% for entity in ['product', 'customer'] -%}
        coalesce(owners.{{ entity }}_id, initiatives.{{ entity }}_id) as {{ entity }}_id,
        {% endfor -%}
        owners.initiative_id
    from {{ ref('int_effective_costs_split_to_usage') }} as billed
    semi join (
        select provider from {{ ref('int_billed_days') }}
        group by provider
        having count(distinct account_id) > 1
    ) as several on billed.provider = several.provider
    inner join {{ ref('int_owners_matched') }} as owners
        on billed.owner_key = owners.owner_key
        and billed.cost_date >= owners.effective_from
        and billed.cost_date < owners.effective_to
    left join {{ ref('int_initiatives_effective') }} as initiatives
        on owners.initiative_id = initiatives.initiative_id
        and billed.cost_date >= initiatives.effective_from
        and billed.cost_date < initiatives.effective_to
    where billed.source = 'focus_files' and billed.account_id is not null

),

owner_bill_days as (

    {% for entity in ['product', 'customer', 'initiative'] -%}
    select distinct
        '{{ entity }}' as entity_type, {{ entity }}_id as entity_id, provider, account_id, cost_date
    from bill_days
    where {{ entity }}_id is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

account_days as (

    select
        charges.provider,
        charges.account_id,
        charges.cost_date,
        lead(charges.cost_date) over (
            partition by charges.provider, charges.account_id order by charges.cost_date
        ) as next_date
    from (
        select distinct provider, account_id, cost_date
        from {{ ref('int_cloud_charges_spread_by_day') }}
        where proves_day and account_id is not null
    ) as charges

),

-- what each account's bill leaves out, and since its last day
account_gaps as (

    select
        provider,
        account_id,
        cost_date as last_date,
        next_date
    from account_days
    where next_date > cost_date + 1
    union
    select
        provider,
        account_id,
        max(billing_date) as last_date,
        cast(max(billing_date) + 61 as date) as next_date
    from {{ ref('int_billed_days') }}
    where account_id is not null
    group by provider, account_id

),

-- who was on the bill on half of the 28 days before, and whether he is on it again afterwards
on_such_bills as (

    select
        days.entity_type,
        days.entity_id,
        days.provider,
        gaps.last_date,
        gaps.next_date,
        bool_or(days.cost_date >= gaps.next_date) as comes_back
    from owner_bill_days as days
    inner join account_gaps as gaps
        on days.provider = gaps.provider
        and days.account_id = gaps.account_id
        and days.cost_date > gaps.last_date - 28
    group by days.entity_type, days.entity_id, days.provider, gaps.account_id, gaps.last_date, gaps.next_date
    having sum(case when days.cost_date <= gaps.last_date then 1 else 0 end) >= 14

),

unbilled_days as (

    select
        bills.entity_type,
        bills.entity_id,
        judged.source_date as cost_date
    from on_such_bills as bills
    inner join {{ ref('int_source_days_judged') }} as judged
        on judged.source = 'focus_files'
        and judged.provider = bills.provider
        and not judged.is_complete
        and judged.source_date > bills.last_date
        and judged.source_date < bills.next_date
    left join owned
        on bills.entity_type = owned.entity_type
        and bills.entity_id = owned.entity_id
        and bills.provider = owned.provider
        and judged.source_date = owned.cost_date
    semi join (select distinct entity_type, entity_id from owned) as sold
        on bills.entity_type = sold.entity_type and bills.entity_id = sold.entity_id
    where owned.cost_date is null or bills.comes_back

),

-- revenue and other cost may be older than anything that was read of AI cost
first_covered as (

    select least(
        (select min(cost_date) from costs),
        (select min(source_date) from {{ ref('int_source_days_judged') }} where is_complete)
    ) as first_date

),

days_before as (

    select {{ dates_from('books.first_date', 'first_covered.first_date - 1') }} as cost_date
    from (
        select least(
            (select min(revenue_date) from {{ ref('int_revenue_recognised_by_day') }}),
            (select min(cost_date) from {{ ref('int_other_cogs_spread_by_day') }})
        ) as first_date
    ) as books
    cross join first_covered
    where books.first_date < first_covered.first_date

)

select
    entity_type,
    entity_id,
    cost_date
from expected
union
select
    entity_type,
    entity_id,
    cost_date
from unbilled_days
union
select
    owners.entity_type,
    owners.entity_id,
    days_before.cost_date
from (select distinct entity_type, entity_id from owned) as owners
cross join days_before
