{#- How much of a funded amount is spent, in the published words. The words name the parts, so the parts are no
    policy. -#}
{% macro spent_part_status(spent, funded) -%}
    case
        when {{ spent }} >= {{ funded }} * cast(0.8 as decimal(2, 1)) then 'alert_80'
        when {{ spent }} >= {{ funded }} * cast(0.5 as decimal(2, 1)) then 'alert_50'
        else 'ok'
    end
{%- endmacro %}
