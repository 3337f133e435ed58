{{ run_rate_mart('department', 'department_id') }}
