"""k8supgrade: what breaks at a Kubernetes upgrade, found before it."""

__version__ = "0.1.0"
