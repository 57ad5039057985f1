package image

// debt decides when pages that were written once should be protected again.
//
// Copying a page back that a job did not write is waste, yet cheaper than the
// fault that would tell. So we wait until the waste adds up to what protecting
// anew costs, and never lose more than about half of what the best schedule,
// known in advance, would need. The waste is not known exactly: the first
// restore after protecting finds only pages that were written, and stands for
// what one job writes; a share of that counts as waste as well, in case that
// job was not like the others.
type debt struct {
	fault  int // what a fault costs, in pages copied
	first  int // pages found by the first restore
	waste  int // pages copied in vain since
	primed bool
}

// suspect is one over the share of the first job's pages that counts as waste.
const suspect = 16

// due takes the number of pages just found and says whether to protect anew,
// for a region of all pages.
func (d *debt) due(found, all int) bool {
	if !d.primed {
		d.primed, d.first, d.waste = true, found, 0
		return false
	}
	d.waste += max(found-d.first, 0) + found/suspect
	if d.waste <= found*d.fault+all/suspect {
		return false
	}
	d.primed = false
	return true
}
