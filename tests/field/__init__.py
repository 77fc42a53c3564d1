"""What went wrong in the field, kind by kind, and what may become of each of the service's fields."""
