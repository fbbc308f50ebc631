"""Charts that Helmfiles pin: read without running anything, changed in place."""
