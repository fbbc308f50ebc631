"""How the Kubernetes table is made: read upstream once, derive the committed files from what was read."""
