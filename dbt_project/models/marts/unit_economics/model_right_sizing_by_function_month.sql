{{ right_sizing_mart('function') }}
