package backend

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ringBuffers are provided buffers: stocks that the kernel takes one from when bytes have come, so that a connection that waits has none.
//
// There are stocks of three sizes, because with one size there is no good number of them. As many as a thousand connections need at once
// cost 64 MiB, and a page for each message of 64 bytes, if each has to hold 64 KiB; and of fewer, the receives that find none have to be begun
// again, which was more than once an echo (PERFORMANCE.md). Small ones lie close together, too: memory that is a multiple of 64 KiB apart shares
// the same few places of a cache. So a receive begins with large ones, and when it is begun again it gets those that its last message fits into:
// because it starved, or now and then for that alone. What fills one of a lesser size goes on with the next larger one.
//
// A receive that has had nothing yet tells nothing of what is wanted: for its sake the stock becomes no larger than mostForUntold. A larger crowd
// of new connections takes turns with those, instead of leaving a page behind in each of many.
type ringBuffers [sizes]stock

const (
	untold bufferSize = iota // nothing has come yet; there is no such stock
	large
	small
	tiny
	sizes
)

// stockOf is where an Op receives.
func (b *ringBuffers) stockOf(op *Op) *stock { return &b[max(op.buffers, large)] }

// bufferSizes are those of package evbuffer's chunks, with which their memory is exchanged. A stock begins small, because
// a buffer is used again and again only as long as it is in the cache, and doubles when that turns out to be too little.
var bufferSizes = [sizes]struct{ bytes, first, most int }{
	large: {ProvidedBytes, 32, 128},        // 2 to 8 MiB; all may fill for one client before the kernel hears that it is not to go on
	small: {ProvidedBytes / 32, 32, 512},   // 64 KiB to 1 MiB
	tiny:  {ProvidedBytes / 256, 64, 2048}, // 16 to 512 KiB
}

// fitting is the least size that n bytes do not fill.
func fitting(n int) bufferSize {
	size := tiny
	for size > large && n >= bufferSizes[size].bytes {
		size--
	}
	return size
}

// mostForUntold lets so many new connections be served in one turn, and costs a page for each of them: 256 KiB.
const mostForUntold = 64

// sizeShift: above it in a buffer's number stands its size, below it which one of that size.
const sizeShift = 14

func sizeOf(number uint16) bufferSize { return bufferSize(number >> sizeShift) }

// A stock is the buffers of one size, a group of the kernel's. The kernel takes them in the order in which they were given.
//
// Their memory is of Go's heap, because it changes hands: an owner may keep what a buffer has brought, and give other memory in its place.
type stock struct {
	size   bufferSize
	memory []*byte // by number; empty before the first receive
	table  []byte  // the queue of those that the kernel may take
	out    int     // how many the kernel has taken and not got back
	tail   uint16
}

// bufferRegistration is struct io_uring_buf_reg.
type bufferRegistration struct {
	address uint64
	count   uint32
	group   uint16
	flags   uint16
	_       [3]uint64
}

// bufferEntry is struct io_uring_buf. The tail of the queue lies in the first one's last field.
type bufferEntry struct {
	address uint64
	length  uint32
	number  uint16
	tail    uint16
}

func (b *ringBuffers) open(method string, ring int, kernel ringKernel) (err error) {
	for size := large; size < sizes; size++ {
		b[size].size = size
		if err = b[size].open(method, ring, kernel); err != nil {
			b.close()
			break
		}
	}
	return err
}

func (b *ringBuffers) close() {
	for size := range b {
		b[size].close()
	}
}

// of is the whole memory of a buffer.
func (b *ringBuffers) of(number uint16) []byte {
	s := &b[sizeOf(number)]
	return unsafe.Slice(s.memory[number&(1<<sizeShift-1)], s.bytes())
}

// give lets the kernel have a buffer again.
func (b *ringBuffers) give(number uint16, memory []byte) { b[sizeOf(number)].give(number, memory) }

func (s *stock) bytes() int    { return bufferSizes[s.size].bytes }
func (s *stock) most() int     { return bufferSizes[s.size].most }
func (s *stock) group() uint16 { return uint16(s.size) }

func (s *stock) open(method string, ring int, kernel ringKernel) (err error) {
	if s.table, err = outsideHeap(s.most() * int(unsafe.Sizeof(bufferEntry{}))); err != nil {
		return err
	}
	registration := bufferRegistration{address: addressOf(unsafe.Pointer(&s.table[0])), count: uint32(s.most()), group: s.group()}
	switch errno := kernel.register(ring, registerBufferRing, unsafe.Pointer(&registration), 1); errno {
	case 0:
		return nil
	case unix.EINVAL:
		return tooOld(method, "provided buffers (IORING_REGISTER_PBUF_RING)", "5.19")
	default:
		return fmt.Errorf("%s: registering buffers: %w", method, errno)
	}
}

// outsideHeap returns memory of whole pages that costs nothing before it is touched.
func outsideHeap(size int) ([]byte, error) {
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	return memory, os.NewSyscallError("mmap of buffers", err)
}

func (s *stock) close() {
	if s.table != nil {
		unix.Munmap(s.table)
	}
	s.table, s.memory = nil, nil
}

// left is how many the kernel should find by now.
func (s *stock) left() int { return len(s.memory) - s.out }

// enlarge doubles the stock, as far as it may grow.
func (s *stock) enlarge() {
	from, to := len(s.memory), min(max(bufferSizes[s.size].first, 2*len(s.memory)), s.most())
	s.memory = append(s.memory, make([]*byte, to-from)...)
	s.out += to - from
	for number := from; number < to; number++ {
		s.give(uint16(s.size)<<sizeShift|uint16(number), make([]byte, s.bytes()))
	}
}

// give lets the kernel have a buffer, again or for the first time, and says where it lies.
func (s *stock) give(number uint16, memory []byte) {
	start := unsafe.SliceData(memory[:s.bytes()])
	s.memory[number&(1<<sizeShift-1)] = start
	entries := unsafe.Slice((*bufferEntry)(unsafe.Pointer(&s.table[0])), s.most())
	e := &entries[int(s.tail)&(s.most()-1)]
	e.address, e.length, e.number = addressOf(unsafe.Pointer(start)), uint32(s.bytes()), number
	s.tail++
	s.out--
	// A store of 32 bits, for want of an atomic one of 16, publishes the tail together with the number beside it.
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&entries[0].number)), beside(entries[0].number, s.tail))
}

// beside puts two neighbouring fields into one word.
func beside(first, second uint16) uint32 {
	return *(*uint32)(unsafe.Pointer(&[2]uint16{first, second}))
}

// addressOf is how the kernel is told of memory. Whoever does so keeps that memory alive.
func addressOf(p unsafe.Pointer) uint64 { return uint64(uintptr(p)) }
