module k8supgrade.test/kubectl

go 1.22.0

require (
	k8s.io/component-base v0.31.14
	k8s.io/kubectl v0.31.14
)
