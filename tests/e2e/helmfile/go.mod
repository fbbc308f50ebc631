module k8supgrade.test/helmfile

go 1.26.6

require github.com/helmfile/helmfile v1.8.0

// As in helmfile's own go.mod: what a dependency replaces does not count for its users.
replace (
	k8s.io/api => k8s.io/api v0.35.4
	k8s.io/apimachinery => k8s.io/apimachinery v0.36.0
	k8s.io/client-go => k8s.io/client-go v0.35.4
)
