// Command greet is the smallest plugin there is.
package main

import (
	"context"
	"errors"

	"github.com/lessee-run/lessee/sdk"
)

type In struct {
	Name string `json:"name"`
}

var plugin = sdk.Register(greet)

func main() { plugin.Main() }

func greet(ctx context.Context, in In) (string, error) {
	if in.Name == "" {
		return "", sdk.Permanent(errors.New("nobody to greet: send {\"name\": …}"))
	}
	sdk.Logger(ctx).Info("greeting", "name", in.Name)
	return "Hello, " + in.Name, nil
}
