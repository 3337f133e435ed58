{{ right_sizing_mart('department_id') }}
