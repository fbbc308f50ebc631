"""Places that resources are read from."""
