{# Whether a posting is the tax that bills state, to one per cent of it: the two seldom meet by chance. #}
{% macro is_stated_tax(posted, tax) -%}
    abs({{ posted }} - ({{ tax }})) <= abs({{ tax }}) * cast(0.01 as decimal(3, 2))
{%- endmacro %}

{# What of the tax that a bill states a posting holds beyond what is open of the cost. A posting of a whole period fits
   cost and tax, to five per cent of both, better than the cost alone, or ends between the two, as where some of the tax
   is recoverable. One of several periods, or of what others left open, may be an instalment of any size and has to fit
   exactly; so has one that a tax credit on the bill makes smaller than the cost. #}
{% macro tax_held(posted, open, tax, cost, is_whole) -%}
    case
        when {{ tax }} < 0 and {{ open }} > 0 and {{ is_stated_tax(posted ~ ' - ' ~ open, tax) }}
            then {{ posted }} - {{ open }}
        when {{ tax }} <= 0 or {{ open }} <= 0 or {{ posted }} <= {{ open }} then 0
        when {{ is_stated_tax(posted ~ ' - ' ~ open, tax) }}
            then least({{ posted }} - {{ open }}, {{ tax }})
        when not {{ is_whole }} then 0
        when {{ settles_in_full(posted, open ~ ' + ' ~ tax, cost ~ ' + ' ~ tax) }}
            and {{ posted }} - {{ open }} > {{ open }} + {{ tax }} - {{ posted }}
            then least({{ posted }} - {{ open }}, {{ tax }})
        when {{ settles_in_full(posted, open, cost) }} or {{ posted }} > {{ open }} + {{ tax }} then 0
        else {{ posted }} - {{ open }}
    end
{%- endmacro %}

{# What postings hold that state the period, by all that was posted of it: they can be for no other one, so whatever
   exceeds the cost is tax, up to what the bill states, unless it is a difference nearer to the cost alone. #}
{% macro tax_held_by_stated(posted, cost, tax) -%}
    case
        when {{ tax }} <= 0 or {{ cost }} < 0 or {{ posted }} <= {{ cost }} then 0
        when {{ settles_in_full(posted, cost, cost) }} and {{ posted }} - {{ cost }} <= {{ cost }} + {{ tax }} - {{ posted }}
            then 0
        else least({{ posted }} - {{ cost }}, {{ tax }})
    end
{%- endmacro %}
