package job

// Upkeep is what maintenance of the history did about one partition.
type Upkeep struct {
	Act       string `json:"act"` // created, dropped, left
	Partition string `json:"partition"`
	Why       string `json:"why,omitempty"` // it was left
}

// Acts of an Upkeep.
const (
	UpkeepCreated = "created"
	UpkeepDropped = "dropped"
	UpkeepLeft    = "left"
)

// Purged counts rows whose retention is over and that no partition took along.
type Purged struct {
	Leases        int `json:"leases"`
	DeadLetters   int `json:"dead_letters"`
	Unpartitioned int `json:"unpartitioned"` // rows of default partitions
}

// Any reports whether anything was purged.
func (p Purged) Any() bool { return p != Purged{} }

// Maintained is all that one maintenance of the history did.
type Maintained struct {
	Partitions []Upkeep `json:"partitions"`
	Purged     Purged   `json:"purged"`
}
