// Command frozen keeps what it saw of time and chance when it was prepared.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/lessee-run/lessee/sdk"
)

type seen struct {
	Born   time.Time `json:"born"`
	Now    time.Time `json:"now"`
	Waited string    `json:"waited"` // by a loop that looked at the clock
	Since  float64   `json:"since"`  // seconds from then to now, by the clock that only rises
	Secret string    `json:"secret"`
	Draw   uint64    `json:"draw"`
	Seeds  string    `json:"seeds"` // the order of a map
	Calls  int       `json:"calls"`
}

var (
	plugin = sdk.Register(tell)
	born   = time.Now()
	state  = prepare()
	calls  int
)

func main() { plugin.Main() }

func prepare() seen {
	s := seen{Born: born.UTC(), Draw: mathrand.Uint64()}
	secret := make([]byte, 16)
	_, _ = rand.Read(secret)
	s.Secret = hex.EncodeToString(secret)
	for key := range map[int]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, 8: 8, 9: 9} {
		s.Seeds += fmt.Sprint(key)
	}
	for time.Since(born) < time.Second {
	}
	time.Sleep(time.Hour)
	s.Waited = time.Since(born).Truncate(time.Second).String()
	fmt.Fprintln(os.Stderr, "prepared at", born)
	return s
}

func tell(ctx context.Context, _ struct{}) (seen, error) {
	calls++
	sdk.Logger(ctx).Info("telling", "job", sdk.JobFrom(ctx).ID, "class", sdk.JobFrom(ctx).Class)
	s := state
	s.Now, s.Since, s.Calls = time.Now().UTC(), time.Since(born).Seconds(), calls
	return s, nil
}
