{# Whether a pattern of the company folder names a model. A gateway may write the provider before the model's name
   (openai/gpt-4.1), as the price list knows; gpt-* means that one too. #}
{% macro names_model(model_id, pattern) -%}
    (
        {{ text_is(model_id, pattern) }}
        or {{ text_is('regexp_replace(' ~ model_id ~ ", '^.*/', '')", pattern) }}
    )
{%- endmacro %}
