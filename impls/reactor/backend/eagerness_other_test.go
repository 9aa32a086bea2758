//go:build unix && !linux

package backend

func epollEagerness(Backend) *eagerness { return nil }
