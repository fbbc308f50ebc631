"""Talking to Kubernetes API servers: read only, and nothing that a server records as deprecated use."""
