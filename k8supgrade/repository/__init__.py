"""Chart repositories: index files and OCI registries, the only place that asks the network for charts."""
