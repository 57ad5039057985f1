// Command command is a guest of the command contract without an SDK. It does
// without fmt and encoding/json too, which keeps it quick to compile.
package main

import (
	"io"
	"os"
	"strings"
)

func main() {
	envelope, err := io.ReadAll(os.Stdin)
	if err != nil {
		os.Exit(1)
	}
	_, mode, _ := strings.Cut(string(envelope), `"mode":"`)
	mode, _, _ = strings.Cut(mode, `"`)
	os.Stderr.WriteString("mode " + mode + "\n")
	switch mode {
	case "ok":
		os.Stdout.WriteString(`{"status":"ok","output":"fine"}`)
	case "silent":
	case "retry":
		os.Stderr.WriteString("busy\n")
		os.Exit(75)
	case "fail":
		os.Exit(4)
	case "output":
		for {
			os.Stdout.WriteString(strings.Repeat("x", 1000))
		}
	case "loop":
		for {
		}
	}
}
