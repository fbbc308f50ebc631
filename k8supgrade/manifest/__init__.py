"""Text to objects with line numbers: the fast header scan, the full parse, List expansion."""
