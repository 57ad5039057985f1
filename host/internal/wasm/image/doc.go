// Package image keeps the linear memory of an instance and brings it back,
// after each job, to exactly the bytes that it had before the first.
//
// A [Region] is the memory: an address range as large as the limit, whose
// address never changes. An [Image] is what a memory held at one moment, after
// the guest's initialisation; it is taken once per module, never changes, and
// all regions of the module share its pages. A [Keeper] knows how this machine
// restores a region fastest (its [Way]), found by trying at start.
//
//	Reserve ──instantiate──▶ Region ──Keep(image)──▶ kept ──job──▶ written
//	                                                  ▲               │
//	                                                  └───Restore─────┘
//	                                        Close ◀── grown, or any error
//
// What holds after a [Region.Restore] that returned nil, whatever the job did:
//
//	memory[0:size) = image  ∧  size = len(image)  ∧  every byte beyond = 0
//
// The proof differs by way, but has one shape: the set of pages copied back, or
// dropped, contains every page written since the last restore.
//
//   - copy: the set is all pages.
//   - cow: the region is a private mapping of the sealed image, and all of its
//     private pages are dropped; what is left is the image's.
//   - owned: in such a mapping a write gives the region a page of its own, from
//     guest, host or kernel alike. The page tables say which pages are its own,
//     and a page stays its own until we drop it.
//   - dirty: the mapping is write-protected page by page, and the kernel itself
//     takes the protection off a page before the first write to it lands, its
//     own writes too. A page that is not protected counts as written, and a
//     mapping that is not watched is an error.
//
// The last two find a superset: a page once written is copied back after every
// job, because that is cheaper than to fault on it again, until that has cost
// as much as protecting anew would have (see debt).
//
// A memory that grew can't shrink in the engine. Its bytes are restored all the
// same, but Restore returns [ErrGrown]: close the instance and the region. So
// for every other error. Nothing else is ever needed to be safe.
//
// A region costs two mappings and no descriptor; an image one mapping and one
// descriptor; a keeper two descriptors. In every way but copy, a region has
// pages of its own only where a job wrote.
//
// Not here: globals and tables, which are the engine's.
package image
