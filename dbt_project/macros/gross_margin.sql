{#
  What a margin says, once for every margin mart. All read the relation `margins`, which has gross_profit and, of the same
  days, compared_revenue: those whose revenue and whose cost are known. Without positive revenue there is no ratio and no
  verdict, and the null reason says why. On its target is only what is so with `least_profit` too.
#}
{% macro gross_margin_verdict(target, least_profit='margins.gross_profit') -%}
    case
        when margins.compared_revenue > 0
            then cast(margins.gross_profit as double) / cast(margins.compared_revenue as double)
    end as gross_margin_ratio,
    cast({{ target }} as double) as target_gross_margin_ratio,
    case
        when margins.compared_revenue > 0
            then
                case
                    when margins.gross_profit < margins.compared_revenue * cast({{ target }} as decimal(10, 9)) then true
                    when {{ least_profit }} >= margins.compared_revenue * cast({{ target }} as decimal(10, 9)) then false
                end
    end as is_below_target
{%- endmacro %}

{#- Revenue is null where none was reported, what is compared of it where no day's cost was. -#}
{% macro gross_margin_null_reason(revenue, compared_revenue) -%}
    case
        when {{ revenue }} is null then 'revenue_not_reported'
        when {{ compared_revenue }} is null then 'cost_not_reported'
        when {{ compared_revenue }} = 0 then 'no_revenue'
        when {{ compared_revenue }} < 0 then 'negative_revenue'
    end
{%- endmacro %}

{% macro product_margin_columns(least_profit='margins.gross_profit') -%}
    margins.revenue,
    margins.ai_cogs,
    margins.other_cogs,
    margins.gross_profit,
    {{ gross_margin_verdict('products.target_gross_margin_ratio', least_profit) }},
    {{ gross_margin_null_reason('margins.revenue', 'margins.compared_revenue') }} as gross_margin_null_reason,
    'product' as margin_basis,
    margins.other_cogs_basis
{%- endmacro %}
