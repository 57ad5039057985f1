// Command command is a guest of the command contract without an SDK.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

func main() {
	var envelope struct {
		Payload struct{ Mode string }
	}
	if err := json.NewDecoder(os.Stdin).Decode(&envelope); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "mode", envelope.Payload.Mode)
	switch envelope.Payload.Mode {
	case "ok":
		fmt.Println(`{"status":"ok","output":"fine"}`)
	case "silent":
	case "retry":
		fmt.Fprintln(os.Stderr, "busy")
		os.Exit(75)
	case "fail":
		os.Exit(4)
	case "output":
		for {
			fmt.Println(strings.Repeat("x", 1000))
		}
	case "loop":
		for {
		}
	}
}
