package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ringBuffers are what a ring receives into: the kernel takes one when bytes have come, and gets it back when they are verified.
type ringBuffers struct {
	memory []byte
	table  []byte // the queue of those that the kernel may take, of bufferEntry
	count  int    // a power of two
	tail   uint16
}

const (
	bufferBytes  = 64 << 10 // as much as a server of the comparison reads at once
	fewestBuffer = 64       // 4 MiB; memory that is never filled costs nothing
	mostBuffers  = 1024
	bufferGroup  = 1

	registerBufferRing = 22 // (5.19)
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

// openBuffers provides r with twice as many buffers as there are connections, within limits: a receive that finds none begins anew.
func openBuffers(r *ring, conns int) (b *ringBuffers, err error) {
	b = &ringBuffers{count: fewestBuffer}
	for b.count < 2*conns && b.count < mostBuffers {
		b.count *= 2
	}
	for _, area := range []struct {
		into  *[]byte
		bytes int
	}{{&b.memory, b.count * bufferBytes}, {&b.table, b.count * int(unsafe.Sizeof(bufferEntry{}))}} {
		*area.into, err = unix.Mmap(-1, 0, area.bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
		if err != nil {
			b.close()
			return nil, os.NewSyscallError("mmap of buffers", err)
		}
	}
	registration := bufferRegistration{address: uint64(uintptr(unsafe.Pointer(&b.table[0]))), count: uint32(b.count), group: bufferGroup}
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), registerBufferRing, uintptr(unsafe.Pointer(&registration)), 1, 0, 0)
	if errno != 0 {
		b.close()
		return nil, fmt.Errorf("io_uring_register(PBUF_RING): %w", errno)
	}
	for number := range b.count {
		b.give(uint16(number))
	}
	return b, nil
}

func (b *ringBuffers) close() {
	for _, memory := range [][]byte{b.memory, b.table} {
		if memory != nil {
			unix.Munmap(memory)
		}
	}
}

// bytes are the first n of a buffer.
func (b *ringBuffers) bytes(number uint16, n int) []byte {
	return b.memory[int(number)*bufferBytes:][:n]
}

// give lets the kernel have a buffer again.
func (b *ringBuffers) give(number uint16) {
	entries := unsafe.Slice((*bufferEntry)(unsafe.Pointer(&b.table[0])), b.count)
	e := &entries[int(b.tail)&(b.count-1)]
	e.address, e.length, e.number = uint64(uintptr(unsafe.Pointer(&b.memory[int(number)*bufferBytes]))), bufferBytes, number
	b.tail++
	// A store of 32 bits, for want of an atomic one of 16, publishes the tail together with the number beside it.
	beside := [2]uint16{entries[0].number, b.tail}
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&entries[0].number)), *(*uint32)(unsafe.Pointer(&beside)))
}
