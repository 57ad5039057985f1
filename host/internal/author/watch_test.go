package author

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// patience bounds every wait of these tests.
const patience = 30 * time.Second

func TestWatch_CallsAgainForEverySourceAndForNothingElse(t *testing.T) {
	p := newProject(t)
	ctx, stop := context.WithCancel(t.Context())
	rounds, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- Watch(ctx, p.Dir, func() { rounds <- struct{}{} }) }()
	round := func(after string) {
		t.Helper()
		select {
		case <-rounds:
		case <-time.After(patience):
			t.Fatalf("no round after %s", after)
		}
	}
	round("the start")
	edit(t, p, "main.go", "Hello", "Hi")
	round("a change")
	if err := os.Mkdir(filepath.Join(p.Dir, "words"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, p, "words/words.go", "package words\n")
	round("a file in a new folder")
	put(t, p, "words/words.go", "package words // more\n")
	round("a change in it")
	if err := os.Rename(filepath.Join(p.Dir, "main.go"), filepath.Join(p.Dir, "handler.go")); err != nil {
		t.Fatal(err)
	}
	round("another name")

	put(t, p, "greet.wasm", "a product")
	put(t, p, ".handler.go.swp", "an editor's")
	put(t, p, "node_modules/x/index.js", "fetched")
	edit(t, p, "handler.go", "Hi", "Hi") // saved, and the same
	select {
	case <-rounds:
		t.Error("a round for nothing")
	case <-time.After(5 * settle):
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended by %v", err)
	}
}

func TestWatch_GoesOnWithWhatWasSavedDuringARound(t *testing.T) {
	p := newProject(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	rounds := 0
	err := Watch(ctx, p.Dir, func() {
		if rounds++; rounds == 1 {
			edit(t, p, "main.go", "Hello", "Hi")
		} else {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || rounds != 2 {
		t.Errorf("%d rounds, %v", rounds, err)
	}
}
