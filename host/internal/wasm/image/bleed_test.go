package image

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	bleedRestores = 10_000 // for each way
	bleedThreads  = 4
	bleedLimit    = 16 * wasmPage
)

// One job writes a secret in every manner there is, the next must not find it:
// in its own region, after growth, nor in a region of the same image or of
// another that ran meanwhile.
func TestRegion_NoByteOfOneJobReachesAnother(t *testing.T) {
	file := secretFile(t)
	eachWay(t, func(t *testing.T, k *Keeper) {
		contents := [][]byte{content(2*wasmPage, 9), content(5*wasmPage, 10)}
		images := []*Image{take(t, k, contents[0]), take(t, k, contents[1])}
		var wg sync.WaitGroup
		for i := range bleedThreads {
			wg.Go(func() {
				jobs := &jobs{t: t, file: file, images: images, contents: contents, random: rand.New(rand.NewPCG(uint64(i), 1))}
				jobs.run(bleedRestores / bleedThreads)
			})
		}
		wg.Wait()
	})
}

func secretFile(t *testing.T) int {
	path := filepath.Join(t.TempDir(), "secret")
	noError(t, os.WriteFile(path, bytes.Repeat([]byte{secret}, bleedLimit), 0o600))
	file, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	noError(t, err)
	t.Cleanup(func() { noError(t, unix.Close(file)) })
	return file
}

// jobs is one thread's: a few regions, used in random order.
type jobs struct {
	t        *testing.T
	file     int
	images   []*Image
	contents [][]byte
	random   *rand.Rand
	regions  [3]*Region
	of       [3]int // the image of each
}

func (j *jobs) run(restores int) {
	for range restores {
		if err := j.one(j.random.IntN(len(j.regions))); err != nil {
			j.t.Error(err)
			break
		}
	}
	for _, r := range j.regions {
		if r != nil {
			if err := r.Close(); err != nil {
				j.t.Error(err)
			}
		}
	}
}

func (j *jobs) one(i int) error {
	if j.regions[i] == nil {
		if err := j.open(i); err != nil {
			return err
		}
	}
	r, want := j.regions[i], j.contents[j.of[i]]
	for range 1 + j.random.IntN(6) {
		if err := j.write(r); err != nil {
			return err
		}
	}
	grown := r.Grown()
	err := r.Restore()
	if grown != errors.Is(err, ErrGrown) || (err != nil && !grown) {
		return err
	}
	if !bytes.Equal(r.reserved[:len(want)], want) || bytes.IndexByte(r.reserved[len(want):], secret) >= 0 {
		return errors.New("a region was not restored exactly")
	}
	if grown {
		j.regions[i] = nil
		return r.Close()
	}
	return nil
}

func (j *jobs) open(i int) (err error) {
	if j.regions[i], err = Reserve(bleedLimit); err != nil {
		return err
	}
	j.of[i] = j.random.IntN(len(j.images))
	image := j.images[j.of[i]]
	fill(j.regions[i].Reallocate(uint64(image.Size())), secret)
	return j.regions[i].Keep(image)
}

// write does one of the things that a job, or the host for it, can do.
func (j *jobs) write(r *Region) error {
	m := r.reserved[:r.size]
	from := j.random.IntN(len(m))
	part := m[from : from+1+j.random.IntN(min(len(m)-from, 3*4096))]
	switch j.random.IntN(8) {
	case 0, 1, 2:
		fill(part, secret)
	case 3:
		m[from] = secret
	case 4:
		_, err := unix.Pread(j.file, part, 0)
		return err
	case 5:
		half := len(part) / 2
		_, err := preadv(j.file, part[:half], part[half:])
		return err
	case 6:
		fill(m, secret)
	case 7:
		if j.random.IntN(40) == 0 {
			fill(r.Reallocate(uint64(min(len(m)+wasmPage, bleedLimit))), secret)
		}
	}
	return nil
}
