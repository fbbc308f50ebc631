// semver: what Masterminds/semver says of the lines on standard input, one answer a line.
//
//	semver satisfies   "constraint\tversion" -> true, false; false also where either cannot be read, as Helm has it
//	semver compare     "version\tversion"    -> -1, 0, 1, or error
//	semver parse       "version"             -> strict, loose, or error
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/Masterminds/semver/v3"
)

func satisfies(constraint, version string) string {
	parsed, err := semver.NewVersion(version)
	if err != nil {
		return "false"
	}
	wanted, err := semver.NewConstraint(constraint)
	if err != nil {
		return "false"
	}
	return fmt.Sprint(wanted.Check(parsed))
}

func compare(one, other string) string {
	left, err := semver.NewVersion(one)
	if err != nil {
		return "error"
	}
	right, err := semver.NewVersion(other)
	if err != nil {
		return "error"
	}
	return fmt.Sprint(left.Compare(right))
}

func parse(version, _ string) string {
	if _, err := semver.StrictNewVersion(version); err == nil {
		return "strict"
	}
	if _, err := semver.NewVersion(version); err == nil {
		return "loose"
	}
	return "error"
}

func main() {
	answer := map[string]func(string, string) string{"satisfies": satisfies, "compare": compare, "parse": parse}[os.Args[1]]
	lines := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		one, other, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		fmt.Fprintln(out, answer(one, other))
	}
}
