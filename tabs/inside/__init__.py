"""What the Look inside section shows."""
