{{ right_sizing_mart('initiative_id') }}
