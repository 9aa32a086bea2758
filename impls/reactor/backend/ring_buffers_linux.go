package backend

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ringBuffers are provided buffers: a stock that the kernel takes one from when bytes have come, so that a connection that waits
// has none. The kernel takes them in the order in which they were given.
//
// Their memory is of Go's heap, because it changes hands: an owner may keep what a buffer has brought, and give other memory in its place.
// A buffer is used again and again only as long as it is in the cache, so the stock begins small, and doubles when that turns out
// to be too little.
type ringBuffers struct {
	memory [mostBuffers][]byte // by number; bufferBytes each, nil beyond the stock
	table  []byte              // the queue of those that the kernel may take
	stock  int                 // how many there are by now
	out    int                 // of these, how many the kernel has taken and not got back
	tail   uint16
}

const (
	bufferBytes  = ProvidedBytes
	mostBuffers  = 128 // 8 MiB; all of them may fill for one client before the kernel hears that it is not to go on
	firstBuffers = 32  // 2 MiB
	bufferGroup  = 1
)

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
	size := mostBuffers * int(unsafe.Sizeof(bufferEntry{}))
	if b.table, err = outsideHeap(size); err != nil {
		return err
	}
	registration := bufferRegistration{address: addressOf(unsafe.Pointer(&b.table[0])), count: mostBuffers, group: bufferGroup}
	switch errno := kernel.register(ring, registerBufferRing, unsafe.Pointer(&registration), 1); errno {
	case 0:
		b.enlarge()
		return nil
	case unix.EINVAL:
		err = tooOld(method, "provided buffers (IORING_REGISTER_PBUF_RING)", "5.19")
	default:
		err = fmt.Errorf("%s: registering buffers: %w", method, errno)
	}
	b.close()
	return err
}

// outsideHeap returns memory of whole pages that costs nothing before it is touched.
func outsideHeap(size int) ([]byte, error) {
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	return memory, os.NewSyscallError("mmap of buffers", err)
}

func (b *ringBuffers) close() {
	if b.table != nil {
		unix.Munmap(b.table)
	}
	b.table = nil
	clear(b.memory[:])
}

// some reports whether the kernel should have found one by now.
func (b *ringBuffers) some() bool { return b.out < b.stock }

// enlarge doubles the stock, and reports whether that was possible.
func (b *ringBuffers) enlarge() bool {
	from, to := b.stock, min(max(firstBuffers, 2*b.stock), mostBuffers)
	b.stock = to
	b.out += to - from
	for number := from; number < to; number++ {
		b.give(uint16(number), make([]byte, bufferBytes))
	}
	return to > from
}

// give lets the kernel have a buffer, again or for the first time, and says where it lies.
func (b *ringBuffers) give(number uint16, memory []byte) {
	b.memory[number] = memory
	entries := unsafe.Slice((*bufferEntry)(unsafe.Pointer(&b.table[0])), mostBuffers)
	e := &entries[b.tail%mostBuffers]
	e.address, e.length, e.number = addressOf(unsafe.Pointer(unsafe.SliceData(memory))), bufferBytes, number
	b.tail++
	b.out--
	// A store of 32 bits, for want of an atomic one of 16, publishes the tail together with the number beside it.
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&entries[0].number)), beside(entries[0].number, b.tail))
}

// beside puts two neighbouring fields into one word.
func beside(first, second uint16) uint32 {
	return *(*uint32)(unsafe.Pointer(&[2]uint16{first, second}))
}

// addressOf is how the kernel is told of memory. Whoever does so keeps that memory alive.
func addressOf(p unsafe.Pointer) uint64 { return uint64(uintptr(p)) }
