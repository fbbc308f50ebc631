// Command controlplane runs etcd and the real kube-apiserver in one process.
//
//	controlplane DIRECTORY KUBE-APISERVER-FLAG...
//
// DIRECTORY keeps etcd's data and the key of the service accounts from one start to the next, of another version
// too. SIGTERM stops both, and so does the end of standard input: whoever started this may have died.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// As a file, since the names of embed.Config's fields are not the same in all versions. Port 0: any free one.
const settings = `
name: only
data-dir: %q
log-level: error
unsafe-no-fsync: true
enable-grpc-gateway: false
listen-client-urls: http://127.0.0.1:0
advertise-client-urls: http://127.0.0.1:0
listen-peer-urls: http://127.0.0.1:0
initial-advertise-peer-urls: http://127.0.0.1:0
initial-cluster: only=http://127.0.0.1:0
`

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("the directory of the data is missing"))
	}
	directory := os.Args[1]
	go stopWithParent()
	fail(os.MkdirAll(directory, 0o700))
	key, err := serviceAccountKey(directory)
	fail(err)
	etcd, err := startEtcd(directory)
	fail(err)
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{
		"--etcd-servers=http://" + etcd.Clients[0].Addr().String(),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + key,
		"--service-account-key-file=" + key,
	}, os.Args[2:]...))
	code := cli.Run(command) // until SIGTERM
	etcd.Close()
	os.Exit(code)
}

func stopWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
}

func startEtcd(directory string) (*embed.Etcd, error) {
	file := filepath.Join(directory, "etcd.yaml")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(settings, filepath.Join(directory, "etcd"))), 0o600); err != nil {
		return nil, err
	}
	config, err := embed.ConfigFromFile(file)
	if err != nil {
		return nil, err
	}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	case <-time.After(time.Minute):
		return nil, fmt.Errorf("etcd is not ready after a minute")
	}
}

func serviceAccountKey(directory string) (string, error) {
	file := filepath.Join(directory, "service-account.key")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return "", err
	}
	return file, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(1)
	}
}
