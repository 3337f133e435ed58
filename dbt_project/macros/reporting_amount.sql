{# An amount in the reporting currency: exact when it is already, otherwise at the dated rate; null when no rate is
   known, which a test refuses. #}
{% macro reporting_amount(amount, currency, rates='exchange_rates', parameters='run_parameters') -%}
    case
        when {{ currency }} = {{ parameters }}.reporting_currency then {{ money(amount) }}
        else {{ money(amount ~ ' * ' ~ rates ~ '.rate') }}
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
