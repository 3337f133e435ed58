"""Real daily series with free licences, and how well run-rate, stability and forecasts do on them."""
