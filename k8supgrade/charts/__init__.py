"""Whether a version of a chart is ready for a version of Kubernetes, and which version is."""
