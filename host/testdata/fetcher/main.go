// Command fetcher is a guest that sends the requests it is told to, and looks
// through all of its memory for what must not be there.
package main

import (
	"bytes"
	"context"
	"errors"
	"unsafe"

	"github.com/lessee-run/lessee/sdk"
)

type in struct {
	Requests []sdk.Request
	Seek     []byte // every bit turned over, so that the order to look is not what is found
	Say      []byte // turned over too: said to the log and as progress
	Return   bool   // what it says
	Fail     bool   // with what it says
}

type out struct {
	Responses []sdk.Response
	Said      string
	Found     bool
}

var plugin = sdk.Register(fetch)

func main() { plugin.Main() }

func fetch(ctx context.Context, in in) (out out, err error) {
	for _, r := range in.Requests {
		response, err := sdk.Fetch(ctx, r)
		if err != nil {
			return out, err
		}
		out.Responses = append(out.Responses, response)
	}
	if len(in.Say) > 0 {
		said := turn(in.Say)
		sdk.Logger(ctx).Info(said)
		sdk.Progress(ctx, 500, said)
		if in.Return {
			out.Said = said
		}
		if in.Fail {
			return out, errors.New("it failed: " + said)
		}
	}
	out.Found = len(in.Seek) > 0 && found(in.Seek)
	return out, nil
}

func turn(text []byte) string {
	out := bytes.Clone(text)
	for i := range out {
		out[i] = ^out[i]
	}
	return string(out)
}

// found looks through the whole of the linear memory.
func found(turned []byte) bool {
	memory := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), 1)), int(pages())<<16-1)
	first := ^turned[0]
	for {
		at := bytes.IndexByte(memory, first)
		if at < 0 || at+len(turned) > len(memory) {
			return false
		}
		if matches(memory[at:], turned) {
			return true
		}
		memory = memory[at+1:]
	}
}

func matches(memory, turned []byte) bool {
	for i, b := range turned {
		if memory[i] != ^b {
			return false
		}
	}
	return true
}
