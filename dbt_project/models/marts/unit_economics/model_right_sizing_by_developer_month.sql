{{ right_sizing_mart('actor_id') }}
