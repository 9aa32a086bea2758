package reactor

import "time"

// settings are what bufferevents are told once and then use for ever. Thousands of connections have the same, so they share one copy,
// which is never changed: an idle connection pays a pointer for it.
type settings struct {
	transport                 transport
	readTimeout, writeTimeout time.Duration // 0: none
	readLow, readHigh         int           // 0 high: no bound
	writeLow, writeHigh       int           // 0 high: no bound
}

// defaultSettings bound the memory of a connection whose peer does not read to 256 KiB and one read.
func (b *Base) defaultSettings() settings {
	return settings{transport: b.sockets, writeHigh: 256 << 10}
}

// resumeMark is the length of the output at which a paused bufferevent reads on. The distance from the high mark is what
// keeps it from changing its interest with each write.
func (s *settings) resumeMark() int { return max(s.writeLow, s.writeHigh/4) }

// mostShared bounds the table of shared settings, for a program that gives each connection settings of its own.
const mostShared = 256

// share returns the shared copy of s. A transport that belongs to one bufferevent makes its settings that one's own too.
func (b *Base) share(s settings) *settings {
	if shared, ok := b.settings[s]; ok {
		return shared
	}
	shared := new(settings)
	*shared = s
	if s.transport == b.sockets && len(b.settings) < mostShared {
		b.settings[s] = shared
	}
	return shared
}
