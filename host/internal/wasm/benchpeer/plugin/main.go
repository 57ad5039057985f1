// Command plugin does the work of the sandbox benchmark's Go guest, as an Extism
// plugin in Go does such work: JSON in, a little arithmetic, JSON out.
package main

import (
	"fmt"

	"github.com/extism/go-pdk"
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

func main() {}

//go:wasmexport charge
func charge() int32 {
	var o order
	if err := pdk.InputJSON(&o); err != nil {
		pdk.SetError(err)
		return 1
	}
	out := invoice{Text: fmt.Sprintf("%s owes for %d lines", o.Customer, len(o.Lines))}
	for _, l := range o.Lines {
		out.Total += float64(l.Count) * l.Price
		out.SKUs = append(out.SKUs, l.SKU)
	}
	if err := pdk.OutputJSON(out); err != nil {
		pdk.SetError(err)
		return 1
	}
	return 0
}
