{#
  What a margin says, once for every margin mart. All read the relation `margins`, which has revenue and gross_profit.
  Without positive revenue there is no ratio and no verdict, and the null reason says why.
#}
{% macro gross_margin_verdict(target) -%}
    case when margins.revenue > 0 then cast(margins.gross_profit as double) / cast(margins.revenue as double) end
        as gross_margin_ratio,
    cast({{ target }} as double) as target_gross_margin_ratio,
    case when margins.revenue > 0
        then margins.gross_profit < margins.revenue * cast({{ target }} as decimal(10, 9))
    end as is_below_target
{%- endmacro %}

{#- Revenue is null on days and in months for which none was reported. -#}
{% macro gross_margin_null_reason(revenue) -%}
    case
        when {{ revenue }} is null then 'revenue_not_reported'
        when {{ revenue }} = 0 then 'no_revenue'
        when {{ revenue }} < 0 then 'negative_revenue'
    end
{%- endmacro %}

{% macro product_margin_columns() -%}
    margins.revenue,
    margins.ai_cogs,
    margins.other_cogs,
    margins.gross_profit,
    {{ gross_margin_verdict('products.target_gross_margin_ratio') }},
    {{ gross_margin_null_reason('margins.revenue') }} as gross_margin_null_reason,
    'product' as margin_basis,
    margins.other_cogs_basis
{%- endmacro %}
