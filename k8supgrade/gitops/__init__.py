"""Charts that other files pin: Chart.yaml dependencies, Argo CD, Flux."""
