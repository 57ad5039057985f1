// Command work does work for benchmarks and differential tests: the kind and
// the amount are arguments, the result is a digest of what came out.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
)

func main() {}

// kinds are in the order of their numbers.
var kinds = []func(n int) []byte{doJSON, doRegexp, doSHA256, doSort, doMarkdown, doGzip, doBig, doFloat, doMap, doPanic}

//go:wasmexport work
func work(kind, n int32) uint64 {
	h := fnv.New64a()
	h.Write(kinds[kind](int(n)))
	return h.Sum64()
}

type record struct {
	ID    int               `json:"id"`
	Name  string            `json:"name"`
	Tags  []string          `json:"tags"`
	Score float64           `json:"score"`
	Attrs map[string]string `json:"attrs"`
}

func doJSON(n int) (out []byte) {
	for i := range n {
		r := record{ID: i, Name: fmt.Sprint("name ", i), Tags: []string{"a", "b\n", "ü"}, Score: float64(i) / 7, Attrs: map[string]string{"k": "v", "l": "w"}}
		data, err := json.Marshal([]record{r, r, r})
		if err != nil {
			return []byte(err.Error())
		}
		var back []record
		if err := json.Unmarshal(data, &back); err != nil {
			return []byte(err.Error())
		}
		out = data
	}
	return out
}

var pattern = regexp.MustCompile(`(\w+)@(\w+)\.(com|org)`)

func doRegexp(n int) (out []byte) {
	text := strings.Repeat("write to someone@example.com or nobody@nowhere.org, not to a@b ", 20)
	for range n {
		out = []byte(pattern.ReplaceAllString(text, "$2 at $1"))
	}
	return out
}

func doSHA256(n int) []byte {
	sum := sha256.Sum256(nil)
	block := make([]byte, 4096)
	for range n {
		copy(block, sum[:])
		sum = sha256.Sum256(block)
	}
	return sum[:]
}

func doSort(n int) (out []byte) {
	list := make([]uint32, n)
	x := uint32(1)
	for i := range list {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		list[i] = x
	}
	slices.SortFunc(list, func(a, b uint32) int { return int(a>>1) - int(b>>1) })
	for _, v := range list {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	return out
}

func doMarkdown(n int) (out []byte) {
	text := []byte(strings.Repeat("# Title\n\nSome *text* with `code`, a [link](http://example.com) and\n\n- one\n- two\n  - three\n\n> quote\n\n", 10))
	for range n {
		var b bytes.Buffer
		if err := goldmark.Convert(text, &b); err != nil {
			return []byte(err.Error())
		}
		out = b.Bytes()
	}
	return out
}

func doGzip(n int) (out []byte) {
	text := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog; pack my box with five dozen jugs. ", 200))
	for i := range n {
		text[i%len(text)]++
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(text)
		w.Close()
		r, err := gzip.NewReader(bytes.NewReader(b.Bytes()))
		if err != nil {
			return []byte(err.Error())
		}
		if out, err = io.ReadAll(r); err != nil {
			return []byte(err.Error())
		}
	}
	return out
}

func doBig(n int) []byte {
	a, m := big.NewInt(3), new(big.Int).Lsh(big.NewInt(1), 521)
	m.Sub(m, big.NewInt(1))
	for i := range n {
		a.Exp(a, big.NewInt(int64(65537+i)), m)
		a.Add(a, big.NewInt(int64(i)))
	}
	return a.Bytes()
}

func doFloat(n int) []byte {
	x, y, z := 1.0, 1.0, 1.0
	for range n {
		dx, dy, dz := 10*(y-x), x*(28-z)-y, x*y-8.0/3*z
		x, y, z = x+dx*0.001, y+dy*0.001, z+dz*0.001
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.Sqrt(x*x+y*y+z*z)))
}

func doMap(n int) (out []byte) {
	m := map[int]int{}
	for i := range n {
		m[i*7919%n] += i
	}
	total := 0
	for k, v := range m {
		total += k * v
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(total))
}

func doPanic(n int) []byte { return []byte{doSHA256(n)[n]} }
