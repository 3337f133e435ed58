{{ run_rate_mart('initiative', 'initiative_id') }}
