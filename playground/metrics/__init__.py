"""What a playground has done, counted for whoever runs it: numbers alone, in the form that Prometheus reads."""
