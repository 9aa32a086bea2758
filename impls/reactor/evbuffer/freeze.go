package evbuffer

// A Side is an end of the queue, or with Front|Back both: bytes are added at the back and removed from the front.
type Side uint8

const (
	Front Side = 1 << iota // where bytes are removed
	Back                   // where they are added
)

// Freeze forbids changes at a side (or at Front|Back) until Unfreeze. A frozen front refuses to drain, read, copy out, prepend
// and write to a descriptor; a frozen back refuses every way of adding. What returns an error answers ErrFrozen, what
// returns a count answers 0. The owner of a connection so keeps its input's back and its output's front for itself.
func (b *Buffer) Freeze(side Side) {
	b.takeChain()
	b.frozen |= side & (Front | Back)
	b.giveChain()
}

// Unfreeze allows changes at a side again.
func (b *Buffer) Unfreeze(side Side) {
	b.takeChain()
	b.frozen &^= side
	b.giveChain()
}

// Frozen reports whether changes at a side are forbidden.
func (b *Buffer) Frozen(side Side) bool {
	if b.chain == nil { // the zero value
		b.Init(nil)
	}
	return b.frozen&side != 0
}
