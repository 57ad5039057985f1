// Command lessee is the host daemon, and all of its operator's tools.
package main

import (
	"os"

	"github.com/lessee-run/lessee/host/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], shipped, os.Stdin, os.Stdout, os.Stderr)) }
