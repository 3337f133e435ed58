{# Split each amount over its parts in proportion to whole-number weights, in units of 10^-9, by the largest-
   remainder method: every part gets the floor of its exact share, the units left over go one each to the largest
   remainders, ties by key. The parts sum to the amount exactly, whatever the order of the rows; what an amount holds
   below 10^-9 stays with the first part; negative amounts are split by absolute value. relation: a CTE or relation
   with one row per amount and part amount_key: columns that identify the amount part_key: column that breaks ties
   amount: decimal(38, 12) weight: a whole number (as_whole), not negative, with a positive sum per amount Adds
   `part_amount` decimal(38, 12) to the columns of the relation. #}
{% macro largest_remainder(relation, amount_key, part_key, amount='amount', weight='weight') -%}
    select
        {{ all_but(['lr_units', 'lr_total', 'lr_floor', 'lr_remainder', 'lr_left', 'lr_rank']) }},
        case when {{ amount }} < 0 then -1 else 1 end
        * cast({{ from_nano('lr_floor + case when lr_rank <= lr_left then 1 else 0 end') }} as decimal(38, 12))
        + case
            when lr_rank = 1
                then {{ amount }} - case when {{ amount }} < 0 then -1 else 1 end
                    * cast({{ from_nano('lr_units') }} as decimal(38, 12))
            else cast(0 as decimal(38, 12))
        end as part_amount
    from (
        select
            *,
            lr_units - sum(lr_floor) over (partition by {{ amount_key | join(', ') }}) as lr_left,
            row_number() over (
                partition by {{ amount_key | join(', ') }}
                order by lr_remainder desc, {{ part_key }}
            ) as lr_rank
        from (
            select
                *,
                {{ product_quotient('lr_units', weight, 'lr_total') }} as lr_floor,
                {{ product_remainder('lr_units', weight, 'lr_total') }} as lr_remainder
            from (
                select
                    *,
                    {{ to_nano('abs(' ~ amount ~ ')') }} as lr_units,
                    {{ as_whole('sum(' ~ weight ~ ') over (partition by ' ~ amount_key | join(', ') ~ ')') }}
                        as lr_total
                from {{ relation }}
            ) as weighed
        ) as floored
    ) as ranked
{%- endmacro %}
