//go:build !linux

package impls

import "runtime"

// OnOwnThread runs f in a goroutine on an OS thread that nothing else runs on and that ends with f.
func OnOwnThread(f func()) {
	go func() {
		runtime.LockOSThread()
		f()
	}()
}
