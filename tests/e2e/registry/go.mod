module k8supgrade.test/registry

go 1.25

require github.com/distribution/distribution/v3 v3.1.2
