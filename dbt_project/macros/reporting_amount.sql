{# An amount in the reporting currency: exact when it is already, otherwise at the dated rate; null when no rate is
   known, which a test refuses. #}
{% macro reporting_amount(amount, currency, rates='exchange_rates', parameters='run_parameters') -%}
    case
        when {{ currency }} = {{ parameters }}.reporting_currency then {{ money(amount) }}
        else {{ money(amount ~ ' * ' ~ rates ~ '.rate') }}
    end
{%- endmacro %}

{#- An amount in US dollars, as gateways keep their budgets, never more than was meant; `rates` are those of its currency,
    `dollar_rates` those of the US dollar. Null when no rate is known. -#}
{% macro dollar_amount(amount, currency, rates='exchange_rates', dollar_rates='dollar_rates') -%}
    case
        when {{ currency }} = 'USD' then {{ money(amount) }}
        when run_parameters.reporting_currency = 'USD' then {{ rounded_down(amount ~ ' * ' ~ rates ~ '.rate') }}
        else {{ from_nano(
            wide_quotient(
                to_pico(reporting_amount(amount, currency, rates)) ~ ' * ' ~ as_whole('1000000000'),
                to_pico(dollar_rates ~ '.rate')
            )
        ) }}
    end
{%- endmacro %}

{#- What one unit of a currency is worth in the reporting currency: exactly one for that itself; null when no rate is
    known. -#}
{% macro reporting_rate(currency, rates='exchange_rates', parameters='run_parameters') -%}
    case
        when {{ currency }} = {{ parameters }}.reporting_currency then cast(1 as decimal(38, 12))
        else {{ rates }}.rate
    end
{%- endmacro %}
