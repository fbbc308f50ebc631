"""The deprecation table: data files to lookups."""
