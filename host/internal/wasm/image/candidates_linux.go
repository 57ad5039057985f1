//go:build amd64 || arm64

package image

func candidates() []candidate {
	return []candidate{{Dirty, openDirty}, {Owned, openOwned}, {Copy, openCopying}, {Cow, openCow}}
}
