{{ run_rate_mart('company', 'company_id') }}
