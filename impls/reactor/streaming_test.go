package reactor

import (
	"io"
	"runtime"
	"testing"
)

// Debug mode knows code that takes turns with the loop: it is not another goroutine's.
func TestDebugAllowsCoroutines(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := secure(socketKind)(t, b)
		got := take(peer)
		bev.Write([]byte("hello"))
		until(t, b, "the bytes", func() bool { return got.String() == "hello" })
		bev.Close()
		peer.Close()

		under, end := socketKind(t, b)
		var filter *BufferEvent
		in, stop := Streaming(func(dst io.Writer, src io.Reader) error {
			_, err := io.Copy(io.MultiWriter(dst, filter.Output()), src)
			return err
		})
		filter = NewFilter(under, in, nil, OnRelease(stop))
		answer := take(end)
		take(filter)
		end.Write([]byte("hello"))
		until(t, b, "the answer", func() bool { return answer.String() == "hello" })
		filter.Close()
		end.Close()
	}, WithDebug())
}

// Code that ends its goroutine has not come to its end well, and code that panics does so in the loop, like any callback.
func TestStreamingCodeThatDoesNotReturn(t *testing.T) {
	for name, code := range map[string]func(io.Writer, io.Reader) error{
		"Goexit": func(io.Writer, io.Reader) error { runtime.Goexit(); return nil },
		"panic":  func(io.Writer, io.Reader) error { panic("the user's") },
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			b := newBase(t)
			one, other := b.NewPair()
			in, stop := Streaming(code)
			filter := NewFilter(one, in, nil, OnRelease(stop))
			told := outcomes(filter)
			take(filter)
			other.Write([]byte("hello"))
			panicked := func() (value any) {
				defer func() { value = recover() }()
				turns(t, b, 5)
				return nil
			}()
			if name == "panic" {
				equal(t, "panicked with", panicked, any("the user's"))
			} else {
				same(t, "outcomes", *told, []Outcome{Error | Reading})
				equal(t, "error", filter.Err(), errGone)
			}
			filter.Close()
			other.Close()
			goroutinesEnd(t, before)
		})
	}
}

// The code may call stop where it is told to end.
func TestStreamingCodeStopsItself(t *testing.T) {
	b := newBase(t)
	one, _ := b.NewPair()
	ended := false
	var in Transform
	var stop func()
	in, stop = Streaming(func(_ io.Writer, src io.Reader) error {
		defer func() { stop(); ended = true }()
		_, err := io.ReadAll(src)
		return err
	})
	filter := NewFilter(one, in, nil, OnRelease(stop))
	take(filter)
	one.Partner().Write([]byte("hello"))
	turns(t, b, 5)
	equal(t, "ended before", ended, false)
	filter.Close()
	equal(t, "ended", ended, true)
}
