{# Parts of the number that a month-end journal of ours has, wherever in a text it stands: 0 is all of it, 2 the
   provider, 3 the period or periods. What an accounting system adds behind it (R for a reversal, a count of copies) is
   no part of it. #}
{% macro own_journal_part(text, group) -%}
    nullif({{ text_extract(text, "'TKN-(ACC|REV|PRE)-(.+?)-([0-9]{4}-[0-9]{2}(-[0-9]{4}-[0-9]{2})?)'", group) }}, '')
{%- endmacro %}
