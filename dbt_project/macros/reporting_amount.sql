{# An amount in the reporting currency: exact when it is already, otherwise at the dated rate; null when no rate is
   known, which a test refuses. #}
{% macro reporting_amount(amount, currency, rates='exchange_rates', parameters='run_parameters') -%}
    case
        when {{ currency }} = {{ parameters }}.reporting_currency then {{ money(amount) }}
        else {{ money(amount ~ ' * ' ~ rates ~ '.rate') }}
    end
{%- endmacro %}
