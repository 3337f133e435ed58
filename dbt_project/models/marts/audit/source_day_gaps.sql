{# Days without data, and days whose data is not known to be whole, as runs of consecutive days. #}
with

run_parameters as (

    select * from {{ ref('stg_run__parameters') }}

),

days as (

    select
        judged.source,
        judged.provider,
        judged.source_date,
        case when judged.is_missing then 'missing' else 'incomplete' end as status
    from {{ ref('int_source_days_judged') }} as judged
    cross join run_parameters
    where judged.source_date <= run_parameters.as_of_date and (judged.is_missing or not judged.is_complete)

),

numbered as (

    select
        *,
        source_date - cast(row_number() over (partition by source, provider, status order by source_date) as integer)
            as run_start
    from days

)

select
    source,
    provider,
    status,
    min(source_date) as first_date,
    max(source_date) as last_date,
    count(*) as days
from numbered
group by source, provider, status, run_start
