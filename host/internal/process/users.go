//go:build linux

package process

import "sync"

// users gives every child a user that nothing else on this machine runs as.
type users struct {
	base int // the first of 256
	mu   sync.Mutex
	used map[int]bool
}

// newUsers takes its range from above those that systems give to people and
// containers: 2^30 and up, 256 users for each slot.
func newUsers(slot uint32) *users {
	return &users{base: 1<<30 | int(slot)<<8, used: map[int]bool{}}
}

// take gives a user; 0 when all are taken.
func (u *users) take() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id := u.base; id < u.base+256; id++ {
		if !u.used[id] {
			u.used[id] = true
			return id
		}
	}
	return 0
}

func (u *users) give(id int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.used, id)
}
