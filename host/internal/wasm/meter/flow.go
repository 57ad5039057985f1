package meter

// A region is a part of a function that is paid for at its head. Every path
// into it leads through the head: that is what the rules of flow guarantee,
// and all that soundness needs.
//
// A region grows block by block. A basic block may join the region of its
// predecessors if they all lie in one region, and starts a region otherwise,
// or when it is the target of a backward branch. The price is that of the
// longest path through the region. Other paths pay too much, so a region
// stops growing when that could be more than slack, and at the exit of a loop,
// whose iterations would all pay for what comes after.
type region struct {
	at      int   // offset of the head
	cost    int64 // of the longest path
	limit   int64 // of cost, once a path may have left; 0: not yet
	light   int64 // what callees without a check of their own may spend
	loops   int   // that the head lies in
	from    join  // where the head is reached from
	must    bool  // check at the head, because a cycle passes here
	looks   bool  // calls something that looks at the fuel
	checked bool
	left    int64 // what may have been spent unchecked when a path leaves
	after   int64 // of that, after the last call that looks; -1: no such call
}

const (
	// slack is what a path may pay too much per region.
	slack = 16
	// unchecked is what one call of a function may spend between two checks.
	unchecked = 256
)

// join is where a point in the code is reached from.
type join struct {
	reached bool
	many    bool // more regions than are listed
	n       int8
	regions [6]int32
	length  int64 // of the longest path from the head, if n is 1
}

func at(region int32, length int64) join {
	return join{reached: true, n: 1, regions: [6]int32{region}, length: length}
}

// add merges o into j.
func (j *join) add(o join) {
	if !o.reached {
		return
	}
	j.reached = true
	j.many = j.many || o.many
	j.length = max(j.length, o.length)
	for _, r := range o.regions[:o.n] {
		j.addRegion(r)
	}
}

func (j *join) addRegion(r int32) {
	for _, have := range j.regions[:j.n] {
		if have == r {
			return
		}
	}
	if int(j.n) == len(j.regions) {
		j.many = true
		return
	}
	j.regions[j.n] = r
	j.n++
}

// single is the one region that leads here, or -1.
func (j *join) single() int32 {
	if j.n == 1 && !j.many {
		return j.regions[0]
	}
	return -1
}

// block is the basic block that is being read.
type block struct {
	at    int
	in    join
	cost  int64
	light int64
	head  bool // entry of the function or of a loop
	calls bool // something that may run for long, or come back here
	looks bool // one of those looks at the fuel before anything else
}

// flow builds the regions of one function.
type flow struct {
	regions []region
	block   block
	loops   int // around the block
	exact   bool
}

func (f *flow) reset(at int) {
	f.regions, f.loops = f.regions[:0], 0
	f.block = block{at: at, in: join{reached: true}, head: true}
}

// start begins a block at a point reached by in.
func (f *flow) start(at int, in join) { f.block = block{at: at, in: in} }

// end ends the block, which its last instruction may leave in two ways, and
// says where that leaves a path.
func (f *flow) end(forks bool) join {
	b := &f.block
	if b.cost == 0 && !b.head {
		if r := b.in.single(); r >= 0 && forks {
			f.fork(r, b.in.length)
		}
		return b.in
	}
	r, length := b.in.single(), b.in.length+b.cost
	if b.head || r < 0 || !f.fits(r, length) {
		r, length = f.open(), b.cost
	}
	region := &f.regions[r]
	region.cost = max(region.cost, length)
	region.light += b.light
	region.looks = region.looks || b.looks
	if forks {
		f.fork(r, length)
	}
	return at(r, length)
}

// enterLoop ends the block before a loop. A head that leads straight into a
// loop needs no check of its own: the loop's follows.
func (f *flow) enterLoop(at int) {
	b := &f.block
	in, head, calls := b.in, b.head, b.calls
	if !head || b.cost > 0 {
		in = f.end(false)
		if head && !calls {
			f.regions[len(f.regions)-1].must = false
		}
	}
	f.loops++
	f.block = block{at: at, in: in, head: true}
}

func (f *flow) open() int32 {
	b := &f.block
	f.regions = append(f.regions, region{at: b.at, from: b.in, must: b.head, loops: f.loops})
	return int32(len(f.regions) - 1)
}

func (f *flow) fits(r int32, length int64) bool {
	region := &f.regions[r]
	return !f.exact && region.loops == f.loops && (region.limit == 0 || length <= region.limit)
}

func (f *flow) fork(r int32, length int64) {
	if region := &f.regions[r]; region.limit == 0 {
		region.limit = length + slack
	}
}

// check decides which regions look at the fuel: heads of cycles, and wherever
// more than unchecked could be spent since the last look. Regions are in an
// order in which all but backward branches lead forward. It returns what may
// be spent without a look between the end of a call and that of the function:
// a deep stack that unwinds spends that once a frame.
func (f *flow) check() (tail int64) {
	for i := range f.regions {
		r := &f.regions[i]
		spent, after := f.arriving(r)
		spent += r.cost
		r.checked = r.must || spent+r.light > unchecked
		if r.checked {
			spent = 0
			after = min(after, 0)
		} else if after >= 0 {
			after += r.cost
		}
		if r.looks {
			after = 0
		}
		if after >= 0 {
			after += r.light
		}
		r.left, r.after = spent+r.light, after
		tail = max(tail, after)
	}
	return tail
}

// arriving is the most that a path to a region may have spent unchecked, and
// how much of that after a call.
func (f *flow) arriving(r *region) (spent, after int64) {
	after = -1
	if r.from.many {
		return unchecked, unchecked
	}
	for _, p := range r.from.regions[:r.from.n] {
		spent = max(spent, f.regions[p].left)
		after = max(after, f.regions[p].after)
	}
	return spent, after
}
