"""What makes a CPU quick enough."""
