{# What caps are audited by: the days of their windows, and what the requests of a key cost. #}

{# Adapters whose caps hold the traffic of LiteLLM's log: its own, and those that a hook of it reads. #}
{% macro adapters_of_the_log() -%} ('litellm', 'webhook', 'policy_file') {%- endmacro %}

{# The first day of the window that a day lies in, for windows that begin with the day, on Monday and on the first. #}
{% macro window_start(window, day) -%}
    cast(case {{ window }}
        when 'daily' then {{ day }}
        when 'weekly' then date_trunc('week', {{ day }})
        when 'monthly' then date_trunc('month', {{ day }})
    end as date)
{%- endmacro %}

{# The first day of the next window. #}
{% macro next_window_start(window, start) -%}
    case {{ window }}
        when 'daily' then cast({{ start }} + interval 1 day as date)
        when 'weekly' then cast({{ start }} + interval 7 day as date)
        when 'monthly' then cast({{ start }} + interval 1 month as date)
    end
{%- endmacro %}

{# The day, in the zone of a cap, of a part of an hour of UTC, see int_quarter_hours. #}
{% macro day_in_zone(zone, part_start_at, usage_date, parameters='run_parameters') -%}
    case
        when {{ zone }} = {{ parameters }}.reporting_time_zone then {{ usage_date }}
        else cast({{ local_time(zone, moment_of("'UTC'", part_start_at)) }} as date)
    end
{%- endmacro %}

{# What the token classes of a relation cost: one row per row and class with tokens, with its contracted cost as in
   int_usage_valued; null where there is no price. The relation has provider, model_id, price_variant,
   context_tier_start, billing_date and one column per class. `columns` are carried along. #}
{% macro gateway_classes_priced(relation, columns) -%}
    {%- set carried = columns + [
        'provider', 'model_id', 'price_variant', 'context_tier_start', 'billing_date'
    ] -%}
    select
        {% for column in columns -%}
        classes.{{ column }},
        {% endfor -%}
        classes.billing_date,
        classes.tokens,
        case
            when prices.contract_price_per_million is not null then {{ fine_money(
                metered_cost('classes.quantity', 'prices.contract_price_per_million') ~ ' * prices.contract_rate'
            ) }}
            when prices.discount_ratio is not null then {{ fine_money(
                fine_money(metered_cost('classes.quantity', 'prices.list_unit_price_per_million')
                    ~ ' * prices.list_rate') ~ ' * cast(1 - prices.discount_ratio as decimal(10, 9))'
            ) }}
            else {{ fine_money(
                metered_cost('classes.quantity', 'prices.list_unit_price_per_million') ~ ' * prices.list_rate'
            ) }}
        end as cost
    from (
        {%- for token_class, unit in token_classes('litellm') if token_class != 'request' %}
        select
            {{ carried | join(', ') }},
            '{{ token_class }}' as token_class,
            cast({{ token_class }} as bigint) as quantity,
            {{ token_class if unit == 'tokens' else 0 }} as tokens
        from {{ relation }}
        where {{ token_class }} > 0
        {% if not loop.last %}union all{% endif %}
        {%- endfor %}
    ) as classes
    left join {{ ref('int_prices_in_force') }} as prices
        on {{ integer_key(['classes.provider', 'classes.model_id', 'classes.price_variant']) }} = prices.price_key
        and classes.token_class = prices.token_class
        and classes.context_tier_start = prices.context_tier_start
        and classes.billing_date = prices.billing_date
{%- endmacro %}

{# The UTC days that hold requests to be looked at one by one, as a list of literals: no other part of the log is
   opened; none where dbt compiles without a warehouse, empty where there are none. #}
{% macro crossed_gateway_days() -%}
    {%- if not execute or load_relation(ref('int_caps_crossed_days')) is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set query -%}
        select distinct 'date ''' || cast(billing_date as string) || '''' from {{ ref('int_caps_crossed_days') }}
        order by 1
    {%- endset -%}
    {%- set days = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do days.append(row[0]) -%}
    {%- endfor -%}
    {{ return(days | join(', ')) }}
{%- endmacro %}
