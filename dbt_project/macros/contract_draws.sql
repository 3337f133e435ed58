{# What contracts draw from charges, one balance of a provider after the other: a relation to be united, in the CTE
   `drawn`, with the rows of `untouched`. DuckDB recurs; Spark lets no window stand in a recursion, so that there the rounds are
   written out, as many as a provider has balances. Each reads the one before once and carries its draws along: Spark puts a CTE in
   wherever it is read. #}
{% macro contract_draws(untouched, drawn) -%}
    {{ return(adapter.dispatch('contract_draws')(untouched, drawn)) }}
{%- endmacro %}

{% macro duckdb__contract_draws(untouched, drawn) -%}
(
    {{ contract_draw(drawn) }}
) as draws
{%- endmacro %}

{% macro spark__contract_draws(untouched, drawn) -%}
    {%- set rounds = balances_in_a_row() -%}
(
    with drawn_0 as (
        select
            *,
            cast(
                array() as array<struct<contract_id: string, valid_from: date, kind: string, drawn_units: decimal(38, 0)>>
            ) as draws
        from {{ untouched }}
    )
    {%- for round in range(rounds) %},
    drawn_{{ round + 1 }} as (
        select
            * except (draws),
            concat(draws, array(struct(contract_id, valid_from, kind, drawn_units))) as draws
        from (
            {{ contract_draw('drawn_' ~ round, 'left', ['draws']) }}
        ) as drawn_once
    )
    {%- endfor %}
    select
        provider,
        is_commitment,
        draw_order,
        draw.contract_id,
        draw.valid_from,
        draw.kind,
        billed_cost_key,
        cost_date,
        model_id,
        open_units,
        draw.drawn_units
    from drawn_{{ rounds }} lateral view explode(draws) as draw
) as draws
{%- endmacro %}

{#- The most balances of one kind that a provider has; none where dbt compiles without a warehouse. The rows of a unit
    test are no relation: there it is more than any has, and a round without a balance draws nothing. -#}
{% macro balances_in_a_row() -%}
    {%- if not execute -%} {{ return(0) }} {%- endif -%}
    {%- if not ref('int_contracts_converted').schema -%} {{ return(5) }} {%- endif -%}
    {%- if load_relation(ref('int_contracts_converted')) is none -%} {{ return(0) }} {%- endif -%}
    {%- set query -%}
        select coalesce(max(balances), 0)
        from (
            select count(*) as balances
            from {{ ref('int_contracts_converted') }}
            group by provider, kind = 'commitment'
        ) as counted
    {%- endset -%}
    {{ return(run_query(query).rows[0][0] | int) }}
{%- endmacro %}

{#- One round: every provider's next balance draws from what is left of each day's charges. With a left join the charges of
    a provider without a further balance stay. kept: further columns of `drawn` -#}
{% macro contract_draw(drawn, join='inner', kept=[]) -%}
    select
        provider,
        is_commitment,
        draw_order,
        contract_id,
        valid_from,
        kind,
        billed_cost_key,
        cost_date,
        model_id,
        {%- for column in kept %}
        {{ column }},
        {%- endfor %}
        {{ as_whole('open_units - ' ~ to_nano('coalesce(part_amount, 0)')) }} as open_units,
        {{ to_nano('coalesce(part_amount, 0)') }} as drawn_units
    from (
        with

        offered as (

            select
                {{ all_but(['draw_order', 'contract_id', 'valid_from', 'kind', 'drawn_units'], 'drawn') }},
                balances.draw_order,
                balances.contract_id,
                balances.valid_from,
                balances.kind,
                balances.balance_units,
                case
                    when drawn.cost_date >= balances.effective_from
                        and drawn.cost_date < balances.effective_to
                        and {{ names_model("coalesce(drawn.model_id, '')", 'balances.model_pattern') }}
                        then drawn.open_units
                    else 0
                end as weight
            from {{ drawn }} as drawn
            {{ join }} join balances
                on drawn.provider = balances.provider
                and drawn.is_commitment = balances.is_commitment
                and drawn.draw_order + 1 = balances.draw_order

        ),

        summed as (

            select
                *,
                sum(weight) over (partition by provider, is_commitment order by cost_date) as used_by_day_end,
                sum(weight) over (partition by provider, is_commitment, cost_date) as used_on_day
            from offered

        ),

        shared as (

            select
                *,
                {{ fine_money(from_nano(
                    'greatest(least(balance_units, used_by_day_end)'
                    ~ ' - least(balance_units, used_by_day_end - used_on_day), 0)'
                )) }} as amount
            from summed

        )

        {{ largest_remainder('shared', ['provider', 'is_commitment', 'cost_date'], 'billed_cost_key') }}
    ) as split
{%- endmacro %}
