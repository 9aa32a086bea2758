// Package reactor is an event loop in the manner of libevent.
package reactor
