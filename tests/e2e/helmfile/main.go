// helmfile, built inside a module of ours: its own go.mod has replace directives, which `go install` refuses.
package main

import (
	"os"

	"github.com/helmfile/helmfile/cmd"
	"github.com/helmfile/helmfile/pkg/config"
	"github.com/helmfile/helmfile/pkg/errors"
)

func main() {
	command, err := cmd.NewRootCmd(new(config.GlobalOptions))
	if err == nil {
		err = command.Execute()
	}
	errors.HandleExitCoder(err)
	if err != nil {
		os.Exit(1)
	}
}
