package reactor

import "errors"

// What a call refuses it tells by one of these errors, wrapped in a sentence that names the call and the descriptor, or by the
// system's own error (errors.Is(err, unix.EBADF)). A call that was refused has changed nothing.
//
// A panic is for what no run of the program can make right, because it stands in its source: a missing callback, a set of conditions
// that makes no sense. What is only wrong on this run, a number or a moment, is an error. [WithDebug] turns more into panics.
var (
	// ErrLooping is returned by Loop and Close on a base that is looping, in a callback or in another goroutine. A [Group] that has been
	// started returns it from Listen and Start, and from Close while a loop has not ended.
	ErrLooping = errors.New("this base is looping already")

	// ErrClosed is returned on a base that was closed, and on a bufferevent that was.
	ErrClosed = errors.New("this base is closed")

	// ErrTimeout is returned for a negative timeout other than [Forever]: most likely a difference of two times, and the wrong way about.
	ErrTimeout = errors.New("a timeout is 0 or more, or Forever")

	// ErrPriority is returned for a priority that the base has not, see [WithPriorities].
	ErrPriority = errors.New("no such priority")

	// ErrTriggersMixed is returned by Add for an event that wants edges on a descriptor whose other events want levels, or the
	// other way about: the kernel knows one registration a descriptor.
	ErrTriggersMixed = errors.New("one descriptor is either level-triggered or edge-triggered, for all of its events")

	// ErrInUse is returned by SetBase for an event that its present base still has to do with.
	ErrInUse = errors.New("the event is added or active: Del it first")

	// ErrNoBackend is returned by New where no backend is what was asked for. The text has the reason of each.
	ErrNoBackend = errors.New("no backend here is what was asked for")
)
