package reactor

import (
	"errors"
	"testing"

	"reactorbench/impls/reactor/evbuffer"
)

// A frozen buffer is an error, and never an end of the stream or a silence.
func TestFrozenBuffersOfEveryKind(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		told := outcomes(bev)
		bev.Output().Freeze(evbuffer.Front)
		bev.Write([]byte("hello"))
		take(peer)
		until(t, b, "an outcome", func() bool { return len(*told) > 0 })
		equal(t, "outcome", (*told)[0], Error|Writing)
		equal(t, "error", errors.Is(bev.Err(), evbuffer.ErrFrozen), true)
	})
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		told := outcomes(bev)
		bev.SetMaxSingle(3, 0)
		bev.OnRead(func() { bev.Input().Freeze(evbuffer.Back) })
		bev.Enable(Read)
		peer.Write([]byte("hello"))
		until(t, b, "an outcome", func() bool { return len(*told) > 0 })
		equal(t, "outcome", (*told)[0], Error|Reading)
		equal(t, "error", errors.Is(bev.Err(), evbuffer.ErrFrozen), true)
	})
}
