// Command order is what most plugins are: JSON in, a little arithmetic, JSON
// out. It builds for both engines.
package main

import (
	"context"
	"fmt"

	"github.com/lessee-run/lessee/sdk"
	"github.com/lessee-run/lessee/sdk/process"
)

type order struct {
	Customer string            `json:"customer"`
	Lines    []line            `json:"lines"`
	Labels   map[string]string `json:"labels"`
}

type line struct {
	SKU   string  `json:"sku"`
	Count int     `json:"count"`
	Price float64 `json:"price"`
}

type invoice struct {
	Text  string   `json:"text"`
	Total float64  `json:"total"`
	SKUs  []string `json:"skus"`
}

var plugin = sdk.Register(charge)

func main() { process.Serve(plugin) }

func charge(_ context.Context, o order) (invoice, error) {
	out := invoice{Text: fmt.Sprintf("%s owes for %d lines", o.Customer, len(o.Lines))}
	for _, l := range o.Lines {
		out.Total += float64(l.Count) * l.Price
		out.SKUs = append(out.SKUs, l.SKU)
	}
	return out, nil
}
