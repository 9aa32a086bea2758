package impls

import "slices"

// An Impl is one row of every table: an implementation in one of its variants, as its manifest tells it.
type Impl struct {
	Name   string // on screen and in records: "gnet/edge", or "gnet" where the variant has no name
	Folder string // the folder's own name: "gnet"
	Dir    string // where that folder is, absolute

	About    string
	Language string
	Design   string // how it waits: "single reactor", "goroutine per connection"

	Build []string // argv that builds it, run in Dir; empty means `go build`, or nothing to build where Run is given
	Run   []string // argv that runs it, without the arguments of the contract; empty means what `go build` made
	Args  []string // the variant's own arguments
	Env   []string // the variant's own environment, KEY=VALUE

	Needs    []string // what must be installed, see Missing
	Features []string // what it claims beyond the contract's minimum, see Has

	// Known maps the slug of a conformance check that this variant is known to fail to the reason and a link.
	// Such a check still runs.
	Known map[string]string

	place int // among the variants of its manifest
}

// Has reports whether the implementation claims a feature.
func (im Impl) Has(feature string) bool { return slices.Contains(im.Features, feature) }
