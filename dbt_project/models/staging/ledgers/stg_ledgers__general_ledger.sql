with

source as (

    select * from {{ source('landing', 'ledgers__general_ledger') }}

),

renamed as (

    select
        file,
        line,
        legal_entity_id,
        journal_entry_id,
        journal_line_number,
        posting_date,
        account_number,
        account_name,
        account_class,
        account_type,
        debit_amount,
        credit_amount,
        currency,
        department_id,
        product_id,
        customer_id,
        counterparty_name,
        source_document_type,
        description,
        fiscal_period,
        service_period,
        posting_status,
        is_reversal,
        exchange_rate,
        is_balanced_entry
    from source

)

select * from renamed
